import { describeTransportContract } from './index.js';
import { jstp } from './jstp.js';

describeTransportContract(jstp);
