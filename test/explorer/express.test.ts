import { ExpressAdapter } from '@nestjs/platform-express';
import { describeExplorerOn } from './platform-suite.js';

describeExplorerOn('Express', () => new ExpressAdapter());
