import { HttpException } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { isObject } from '../../protocol/option-checks.js';
import { toSafeString } from '../../protocol/safe-string.js';
import { RemoteError } from '../../protocol/remote-error.js';

/** How many issues are told. */
export const MAX_ISSUES = 100;
/** How long all texts of issues are together, in UTF-16 units. Why: what a peer has sent must not make an answer many times as long. */
const MAX_ISSUES_LENGTH = 16_384;
const MAX_MESSAGE_LENGTH = 1000;
const MAX_PATH_PARTS = 32;
const MAX_PART_LENGTH = 128;
const OMITTED: ValidationIssue = { message: 'Further issues are left out' };
const FAILED = 'Validation failed';

/** What a failed validation has found wrong in an argument, as the caller gets it in the `info` of a RemoteError. */
export interface ValidationIssue {
  /** What is wrong, for people. */
  readonly message: string;
  /** Where: the keys that lead to it, from the array of arguments on (`[0, 'email']`). Undefined where the pipe has not told it. */
  readonly path?: readonly (string | number)[];
}

/**
 * Makes what the caller is told of what a pipe has thrown: a RemoteError with the status as its code, of an HttpException
 * that blames the caller (400 to 499); any other error stays as it is.
 */
export function toClientError(error: unknown): unknown {
  if (!(error instanceof HttpException)) return error;
  const status = error.getStatus();
  if (!(status >= 400 && status <= 499)) return error;
  const response: unknown = error.getResponse();
  const { message, issues } = isObject(response) ? response : { message: response };
  const text = typeof message === 'string' ? cut(message, MAX_MESSAGE_LENGTH) : FAILED;
  return new RpcException(new RemoteError(status, text, bounded(issuesOf(issues ?? message))));
}

/**
 * Reads what pipes tell: a text; texts, or objects with a message or with class-validator's constraints; or
 * (`errorFormat: 'grouped'` of ValidationPipe) texts by their property.
 */
function* issuesOf(told: unknown, path: ValidationIssue['path'] = []): Generator<ValidationIssue> {
  if (Array.isArray(told)) {
    for (const one of told) yield* issuesOf(one, path);
    return;
  }
  if (!isObject(told)) {
    yield { path, message: told === undefined ? FAILED : toSafeString(told) };
    return;
  }
  const { message, constraints, children, property } = told;
  if (typeof message === 'string') {
    yield { path: Array.isArray(told.path) ? told.path.map(keyOf) : path, message };
    return;
  }
  if (typeof property === 'string') {
    const at = [...path, property];
    if (isObject(constraints)) yield* issuesOf(Object.values(constraints), at);
    if (at.length <= MAX_PATH_PARTS) yield* issuesOf(children ?? [], at);
    return;
  }
  for (const [name, texts] of Object.entries(told))
    for (const one of Array.isArray(texts) ? texts : [texts])
      yield { path: name.split('.'), message: toSafeString(one) };
}

function keyOf(part: unknown): string | number {
  return typeof part === 'number' ? part : toSafeString(part);
}

function bounded(issues: Iterable<ValidationIssue>): ValidationIssue[] {
  const told: ValidationIssue[] = [];
  let length = 0;
  for (const { path, message } of issues) {
    const issue = {
      ...(path && path.length > 0 && { path: path.slice(0, MAX_PATH_PARTS).map(cutPart) }),
      message: cut(message, MAX_MESSAGE_LENGTH),
    };
    length += issue.message.length + (issue.path?.join('.').length ?? 0);
    if (told.length === MAX_ISSUES || length > MAX_ISSUES_LENGTH) return [...told, OMITTED];
    told.push(issue);
  }
  return told;
}

function cutPart(part: string | number): string | number {
  return typeof part === 'number' ? part : cut(part, MAX_PART_LENGTH);
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}...` : text;
}
