import 'reflect-metadata';
import { Controller, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { EVENT, inTurn, methodNames, patternOf } from './patterns.js';

/** @import { MicroserviceOptions, ClientProxy } from '@nestjs/microservices' */
/** @import { BenchClient } from '../types.js' */

// Clients log that they connect.
Logger.overrideLogger(['error', 'warn']);

/**
 * A Nest microservice with a controller of so many handlers, listening.
 * @param {MicroserviceOptions} options
 * @param {number} handlers
 */
export async function startNest(options, handlers) {
  let received = 0;
  class EchoController {
    seen() {
      received += 1;
    }
  }
  for (const name of methodNames(handlers)) addEcho(EchoController, name);
  decorate(EchoController, 'seen', EventPattern(patternOf(EVENT)));
  Controller()(EchoController);
  class EchoModule {}
  Module({ controllers: [EchoController] })(EchoModule);

  const app = await NestFactory.createMicroservice(EchoModule, { ...options, logger: ['error', 'warn'] });
  await app.listen();
  return { app, received: () => received };
}

/**
 * @param {new () => object} controller
 * @param {string} name
 */
function addEcho(controller, name) {
  Object.defineProperty(controller.prototype, name, {
    /** @param {unknown} payload */
    value: (payload) => payload,
    configurable: true,
    writable: true,
  });
  Payload()(controller.prototype, name, 0);
  decorate(controller, name, MessagePattern(patternOf(name)));
}

/**
 * @param {new () => object} controller
 * @param {string} name
 * @param {(prototype: object, name: string, descriptor: never) => unknown} decorator
 */
function decorate(controller, name, decorator) {
  const { prototype } = controller;
  const descriptor = /** @type {never} */ (Object.getOwnPropertyDescriptor(prototype, name));
  decorator(prototype, name, descriptor);
}

/**
 * What a Nest application does with a client of any transport.
 * @param {Pick<ClientProxy, 'connect' | 'send' | 'emit' | 'close'>} client
 * @param {number} handlers
 * @returns {Promise<BenchClient>}
 */
export async function nestClient(client, handlers) {
  await client.connect();
  const pattern = inTurn(methodNames(handlers).map(patternOf));
  const event = patternOf(EVENT);
  return {
    call(payload, done) {
      /** @type {unknown} */
      let result;
      client.send(pattern(), payload).subscribe({
        next: (value) => {
          result = value;
        },
        error: (error) => done(error ?? new Error('An error without a value')),
        complete: () => done(null, result),
      });
    },
    event: (payload) => void client.emit(event, payload),
    close: () => client.close(),
  };
}
