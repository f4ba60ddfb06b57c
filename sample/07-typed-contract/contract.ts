/** Something that was said. */
export interface Said {
  readonly who: string;
  readonly text: string;
}

/** The application: one file, which the server and its pages are checked by. */
export interface Chat {
  room: {
    methods: {
      /** Lets the caller in. @returns who is there */
      join(name: string): string[];
      /** @returns how many have heard it */
      say(text: string): number;
      /** Goes through what was said, one by one. */
      history(): AsyncIterable<Said>;
    };
    /** What pages emit. */
    events: {
      typing(): void;
    };
    /** What the server emits to its pages. */
    emits: {
      said(said: Said): void;
      typing(who: string): void;
      people(names: string[]): void;
    };
  };
  page: {
    /** What the server calls of a page. */
    calls: {
      language(): string;
    };
  };
}
