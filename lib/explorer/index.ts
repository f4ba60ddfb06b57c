/**
 * A page that looks into a JstpServer: `nestjs-jstp/explorer`.
 * @module nestjs-jstp/explorer
 */
export {
  JstpExplorerModule,
  type JstpExplorerAsyncOptions,
  type JstpExplorerOptionsFactory,
} from './jstp-explorer.module.js';
export type { ExplorerOptions, ExplorerPlacement, JstpExplorerOptions } from './explorer-options.js';
