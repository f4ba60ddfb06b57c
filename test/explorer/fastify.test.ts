import { FastifyAdapter } from '@nestjs/platform-fastify';
import { describeExplorerOn } from './platform-suite.js';

describeExplorerOn('Fastify', () => new FastifyAdapter());
