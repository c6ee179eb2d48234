/** A file of any size as a header reader sees it. The platform implements it over a file handle or a range request. */
export interface ByteSource {
  /** Bytes of the whole file. */
  readonly size: number;
  /**
   * Fills `target` with the bytes from `offset` on and gives how many there were: as many as fit, fewer only when the
   * file ends or the source delivers in pieces, 0 at the end of the file.
   */
  read(offset: number, target: Uint8Array): Promise<number>;
}
