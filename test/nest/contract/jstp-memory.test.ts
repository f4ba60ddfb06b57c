import { describeTransportContract } from './index.js';
import { CONTENDERS } from './jstp.js';

describeTransportContract(CONTENDERS.memory);
