import { HttpException } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { isObject } from '../../protocol/option-checks.js';
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
  const all = Array.isArray(issues) ? (issues as ValidationIssue[]) : issuesOf(message);
  const text = typeof message === 'string' ? cut(message, MAX_MESSAGE_LENGTH) : FAILED;
  return new RpcException(new RemoteError(status, text, bounded(all)));
}

/** Reads what Nest's pipes tell: a text, texts, or (`errorFormat: 'grouped'` of ValidationPipe) texts by their property. */
function issuesOf(message: unknown): ValidationIssue[] {
  if (Array.isArray(message)) return message.map((text) => ({ message: String(text) }));
  if (!isObject(message)) return [{ message: String(message) }];
  return Object.entries(message).flatMap(([property, texts]) =>
    issuesOf(texts).map((issue) => ({ path: property.split('.'), message: issue.message })),
  );
}

function bounded(issues: readonly ValidationIssue[]): ValidationIssue[] {
  const told: ValidationIssue[] = [];
  let length = 0;
  for (const { path, message } of issues) {
    const issue = {
      ...(path && { path: path.slice(0, MAX_PATH_PARTS).map(cutPart) }),
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
