import { Module } from '@nestjs/common';
import { JstpClientModule, JstpModule } from 'nestjs-jstp';
import { JstpExplorerModule } from 'nestjs-jstp/explorer';
import { port } from '../port.js';
import { OrdersController, StockController } from './shop.controller.js';
import { StaffGuard } from './staff.guard.js';
import { WebController } from './web.controller.js';

/** Who may log in, with what. A real service asks its database. */
const PASSWORDS = new Map([['staff', 'coffee']]);

@Module({
  imports: [
    JstpModule.forRoot({
      transport: 'ws',
      server: 'http',
      path: '/jstp',
      metrics: true,
      reflection: true,
      administration: { guard: StaffGuard },
      authPolicy: async (_connection, _application, _strategy, credentials) => {
        const [name, password] = credentials as string[];
        return PASSWORDS.has(name) && PASSWORDS.get(name) === password ? name : '';
      },
    }),
    JstpExplorerModule.forRoot({ path: '/jstp-explorer', title: 'Shop' }),
    JstpClientModule.register({
      name: 'shop',
      app: 'shop@^1.0.0',
      transport: 'ws',
      url: `ws://127.0.0.1:${port}/jstp`,
    }),
  ],
  controllers: [OrdersController, StockController, WebController],
})
export class ShopModule {}
