/** The smallest memory, in bytes. */
const MIN_BYTES = 512;
/** How many times what has arrived the memory may be. Why not all at once: a peer that sends nine bytes must not get 8 MiB. */
const GROWTH = 32;

/** Memory for bytes that arrive in pieces. It grows with what arrives, up to their number where that is known. */
export class GrowingMemory {
  private memory: Uint8Array;
  private filled = 0;

  /** @param allocate - makes memory, which need not be cleared */
  constructor(private readonly allocate: (size: number) => Uint8Array) {
    this.memory = allocate(MIN_BYTES);
  }

  /** How many bytes of memory it takes. */
  get held(): number {
    return this.memory.length;
  }

  /** How many bytes have arrived. */
  get used(): number {
    return this.filled;
  }

  /** What has arrived, as the beginning of all of the memory. */
  get bytes(): Uint8Array {
    return this.memory.subarray(0, this.filled);
  }

  /** Adds a piece, without a copy where it was read to {@link roomFor}. @param size - how many bytes there will be in all */
  add(piece: Uint8Array, size: number): void {
    this.makeRoom(size, piece.length);
    if (!this.isInPlace(piece)) this.memory.set(piece, this.filled);
    this.filled += piece.length;
  }

  /** Memory for what comes next. @param size - how many bytes there will be in all */
  roomFor(size: number): Uint8Array {
    this.makeRoom(size, 1);
    return this.memory.subarray(this.filled, size);
  }

  private makeRoom(size: number, more: number): void {
    const needed = this.filled + more;
    if (needed <= this.memory.length) return;
    const grown = this.allocate(Math.min(size, needed * GROWTH));
    grown.set(this.memory.subarray(0, this.filled));
    this.memory = grown;
  }

  private isInPlace(piece: Uint8Array): boolean {
    const { memory } = this;
    return piece.buffer === memory.buffer && piece.byteOffset === memory.byteOffset + this.filled;
  }
}
