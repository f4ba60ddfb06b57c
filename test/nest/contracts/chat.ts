import type { Observable } from 'rxjs';
import type { JstpArgs } from '../../../lib/index.js';

export interface Said {
  readonly who: string;
  readonly text: string;
}

/** A contract as its users write it by hand. */
export interface Chat {
  rooms: {
    methods: {
      join(room: string, silently?: boolean): string[];
      say(room: string, text: string): void;
      list(): string[];
      topic(room: string | null): string | null;
      history(room: string): AsyncIterable<Said>;
      upload(name: string, chunks: AsyncIterable<Uint8Array>): Observable<number>;
      pair(): JstpArgs<[string, number]>;
      tag(...tags: string[]): number;
      'odd-name'(language: 'de' | 'en'): boolean;
    };
    events: {
      typing(room: string, who: string): void;
      away(): void;
      seen(id: number): void;
    };
    emits: {
      said(said: Said): void;
      joined(room: string, who: string): void;
      closed(): void;
    };
    calls: {
      confirm(question: string): boolean;
    };
  };
  screen: { calls: { size(): [number, number] } };
  /** Plain functions are methods. */
  sums: {
    add(a: number, b: number): number;
  };
  default: { methods: { ping(): 'pong' } };
}
