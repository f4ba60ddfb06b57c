import { Controller, Get, Header, Inject, NotFoundException, Param, Post } from '@nestjs/common';
import { InjectJstp, JstpClient, JstpServer } from 'nestjs-jstp';
import { registerMetrics } from 'nestjs-jstp/metrics';
import { Registry } from 'prom-client';
import { catchError, throwError, type Observable } from 'rxjs';

/** What the shop answers by HTTP: orders, and its metrics for Prometheus. */
@Controller()
export class WebController {
  private readonly registry = new Registry();

  constructor(
    @InjectJstp('shop') private readonly shop: JstpClient,
    @Inject(JstpServer) server: JstpServer,
  ) {
    registerMetrics(this.registry, { shop: server });
  }

  @Post('orders/:article')
  place(@Param('article') article: string): Observable<unknown> {
    const gone = (): Observable<never> => throwError(() => new NotFoundException());
    return this.shop.send('orders.place', article).pipe(catchError(gone));
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4')
  metrics(): Promise<string> {
    return this.registry.metrics();
  }
}
