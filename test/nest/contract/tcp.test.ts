import { describeTransportContract } from './index.js';
import { tcp } from './tcp.js';

describeTransportContract(tcp);
