/** Bytes of the JSON syntax. */
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** What is wrong with the text, and in which row (1-based; 0 is outside the rows). */
export class JsonRowsError extends Error {
  readonly row: number;

  constructor(message: string, row: number) {
    super(message);
    this.name = "JsonRowsError";
    this.row = row;
  }
}

/**
 * Splits the JSON of a results file while it is read: each element of `results.results` (or of `results`, where
 * that is the list) is handed on by itself, and `end` gives back what is left with the list empty. A file of any
 * size is so held in memory a row at a time.
 */
export class JsonRows {
  readonly #onRow: (json: string, row: number) => void;
  readonly #limitBytes: number;
  readonly #rest = new Pieces();
  readonly #row = new Pieces();
  #rows = 0;
  #depth = 0;
  /** Depth inside the list of rows; 0 until it is met. */
  #listDepth = 0;
  #inList = false;
  #inString = false;
  #escaped = false;
  /** The text of the string that is being read, where it may be a key that leads to the list. */
  #text: number[] | undefined;
  #lastText = "";
  /** Keys at depth 1 and 2. */
  readonly #keys = ["", "", ""];

  /** @param limitBytes of one row, and of everything else together */
  constructor(onRow: (json: string, row: number) => void, limitBytes: number) {
    this.#onRow = onRow;
    this.#limitBytes = limitBytes;
  }

  /** @throws JsonRowsError */
  push(chunk: Buffer): void {
    // Where the piece that is being collected began.
    let from = 0;
    for (let i = 0; i < chunk.length; i += 1) {
      const byte = chunk[i];
      if (this.#inString) {
        this.#string(byte);
        continue;
      }
      if (byte === QUOTE) this.#openString();
      else if (byte === COLON && this.#depth <= 2 && !this.#inList) this.#keys[this.#depth] = this.#lastText;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (this.#inList && this.#depth === this.#listDepth) {
          if (byte === OPEN_ARRAY) throw new JsonRowsError("it is a list", this.#rows + 1);
          this.#rows += 1;
          from = i;
        }
        this.#depth += 1;
        if (!this.#inList && byte === OPEN_ARRAY && this.#isList()) {
          this.#add(this.#rest, chunk.subarray(from, i + 1));
          this.#inList = true;
          this.#listDepth = this.#depth;
        }
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        if (this.#inList && this.#depth === this.#listDepth) {
          this.#inList = false;
          from = i;
        }
        this.#depth -= 1;
        if (this.#inList && this.#depth === this.#listDepth) {
          this.#add(this.#row, chunk.subarray(from, i + 1));
          this.#onRow(this.#row.take(), this.#rows);
        }
      } else if (this.#inList && this.#depth === this.#listDepth && byte !== COMMA && !isSpace(byte)) {
        throw new JsonRowsError("it is no object", this.#rows + 1);
      }
    }
    if (!this.#inList) this.#add(this.#rest, chunk.subarray(from));
    else if (this.#depth > this.#listDepth) this.#add(this.#row, chunk.subarray(from));
  }

  /** Everything but the rows, as JSON. @throws JsonRowsError when the text stops before its end */
  end(): string {
    if (this.#depth > 0 || this.#inString) {
      throw new JsonRowsError("the file stops there", this.#inList ? this.#rows : 0);
    }
    return this.#rest.take();
  }

  #string(byte: number | undefined): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) {
      this.#inString = false;
      if (this.#text !== undefined) this.#lastText = String.fromCharCode(...this.#text);
      return;
    }
    // No key that leads to the rows is longer.
    if (this.#text !== undefined && byte !== undefined && this.#text.length < 16) this.#text.push(byte);
  }

  #openString(): void {
    if (this.#inList && this.#depth === this.#listDepth)
      throw new JsonRowsError("it is a text", this.#rows + 1);
    this.#inString = true;
    this.#text = this.#depth <= 2 && !this.#inList ? [] : undefined;
  }

  #isList(): boolean {
    if (this.#listDepth > 0 || this.#keys[1] !== "results") return false;
    return this.#depth === 2 || (this.#depth === 3 && this.#keys[2] === "results");
  }

  #add(pieces: Pieces, piece: Buffer): void {
    pieces.add(piece);
    if (pieces.bytes > this.#limitBytes) {
      const size = `more than ${Math.round(this.#limitBytes / 1e6)} MB`;
      throw new JsonRowsError(`it has ${size}`, pieces === this.#row ? this.#rows : 0);
    }
  }
}

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** A text that arrives in pieces. */
class Pieces {
  #pieces: Buffer[] = [];
  bytes = 0;

  add(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.bytes += piece.length;
  }

  take(): string {
    const text = Buffer.concat(this.#pieces).toString("utf8");
    this.#pieces = [];
    this.bytes = 0;
    return text;
  }
}
