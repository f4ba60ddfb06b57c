import { expect, test } from '@jest/globals';
import { Controller, type LoggerService } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import {
  JstpError,
  Session,
  type Server as CoreServer,
  type SessionStorageProvider,
} from '../../../lib/core.js';
import { slowPeerError, stalledPeerError } from '../../../lib/protocol/slow-peer.js';
import { RawPeer } from '../../support/raw-peer.js';
import { waitFor } from '../../support/wait-for.js';
import { atEnd, KeptLog, startService } from './fixture.js';

const KIB = 1024;

@Controller()
class LargeController {
  @MessagePattern('large')
  large(): string {
    return 'x'.repeat(64 * KIB);
  }
}

/** A logger that notes what it is told at the level of warnings. */
function noteWarnings(): { logger: LoggerService; warnings: string[] } {
  const warnings: string[] = [];
  const ignore = (): void => undefined;
  const logger = {
    log: ignore,
    error: ignore,
    debug: ignore,
    warn: (line: unknown) => warnings.push(String(line)),
  };
  return { logger, warnings };
}

test('messages over the limit of either side are warnings that say which limit, ten a minute at most', async () => {
  const { logger, warnings } = noteWarnings();
  const service = await startService({
    controllers: [LargeController],
    options: { limits: { maxMessageBytes: 32 * KIB } },
    logger,
  });
  for (let count = 0; count < 15; count++) {
    const peer = await RawPeer.connect(service.port);
    atEnd(() => peer.destroy());
    peer.send("{handshake:[0,'jstp']}", `{event:[1,'a'],b:['${'x'.repeat(33 * KIB)}']}`);
    await peer.end();
  }
  await waitFor(() => warnings.length >= 10, 'the warnings');
  const connection = await service.connect();
  await expect(connection.callMethod('default', 'large', [])).rejects.toMatchObject({ code: 16 });
  expect(warnings).toHaveLength(10);
  expect(new Set(warnings).size).toBe(1);
  expect(warnings[0]).toContain('limits.maxMessageBytes of this side, and the other side has one, too');
});

test('peers that read nothing, or too slowly, are warnings, ten a minute at most, and never errors', async () => {
  const logger = new KeptLog();
  const service = await startService({ controllers: [LargeController], logger });
  await service.connect();
  const core = service.server.unwrap<CoreServer>();
  const [connection] = core.getClientsArray();
  for (let count = 0; count < 15; count++) {
    const error = count % 2 === 0 ? stalledPeerError(false) : slowPeerError();
    core.emit('connectionError', error, connection);
  }
  expect(logger.errors).toEqual([]);
  expect(logger.lines.filter((line) => line instanceof JstpError)).toHaveLength(10);
});

test('sessions that end because of a limit are warnings that say which limit, ten a minute at most', async () => {
  const { logger, warnings } = noteWarnings();
  const service = await startService({
    controllers: [LargeController],
    options: { limits: { maxSessionsPerAddress: 1 } },
    logger,
  });
  for (let count = 0; count < 15; count++) {
    const peer = await RawPeer.connect(service.port);
    atEnd(() => peer.destroy());
    // Its answer waits for it when it has gone, so that its session is worth something.
    peer.send("{handshake:[0,'jstp','',{resume:1}]}", "{call:[1,'default'],large:[]}");
    await peer.received(2);
    peer.destroy();
    await waitFor(() => service.server.unwrap<CoreServer>().getClientsArray().length === 0, 'its end');
  }
  expect(warnings).toHaveLength(10);
  expect(new Set(warnings).size).toBe(1);
  expect(warnings[0]).toContain('more than limits.maxSessionsPerAddress allows');
});

test('texts of sessions that cannot be read are warnings that say why, ten a minute at most', async () => {
  const { logger, warnings } = noteWarnings();
  const sessionStorageProvider: SessionStorageProvider = {
    get: (id) => Session.deserialize(id, '{"format":7}'),
    set: () => undefined,
  };
  const service = await startService({
    controllers: [LargeController],
    options: { sessionStorageProvider },
    logger,
  });
  for (let count = 0; count < 12; count++) {
    const peer = await RawPeer.connect(service.port);
    atEnd(() => peer.destroy());
    peer.send("{handshake:[0,'jstp'],session:['stored',0]}");
    expect(await peer.received(1)).toEqual(['{handshake:[0],error:[11]}']);
  }
  expect(warnings.filter((line) => line.includes('its format is 7'))).toHaveLength(10);
});
