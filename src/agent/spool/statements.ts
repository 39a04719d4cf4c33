import type { Database, Statement } from "bun:sqlite";

export interface FrameRow {
  readonly sequence: number;
  readonly layout: number;
  readonly timestamp: number;
  readonly checksum: number;
  readonly payload: Uint8Array;
}

/** All that is asked of a spool's tables (schema.sql), prepared once. Closing the database ends them. */
export class Statements {
  readonly state: Statement<{ epoch: string; reserved: number; overwritten: number }, []>;
  readonly renew: Statement<unknown, [{ epoch: string }]>;
  readonly reserve: Statement<unknown, [{ reserved: number }]>;
  readonly countOverwritten: Statement<unknown, [{ overwritten: number }]>;

  readonly layouts: Statement<{ id: number; hash: string }, []>;
  /** Reads every page: for the start only. */
  readonly usage: Statement<{ layout: number; frames: number; last: number }, []>;
  readonly layoutJson: Statement<{ json: string }, [{ hash: string }]>;
  readonly addLayout: Statement<{ id: number }, [{ hash: string; json: string }]>;
  readonly dropLayout: Statement<unknown, [{ id: number }]>;

  readonly insert: Statement<unknown, [FrameRow & Record<string, number | Uint8Array>]>;
  readonly readAfter: Statement<FrameRow, [{ after: number; limit: number }]>;
  readonly countBetween: Statement<{ frames: number }, [{ after: number; through: number }]>;
  readonly firstAfter: Statement<{ sequence: number | null }, [{ after: number }]>;
  readonly deleteOne: Statement<unknown, [{ sequence: number }]>;
  readonly deleteThrough: Statement<unknown, [{ through: number; limit: number }]>;
  readonly deleteOldest: Statement<unknown, [{ limit: number }]>;

  readonly pages: Statement<{ page_count: number }, []>;
  readonly freePages: Statement<{ freelist_count: number }, []>;

  constructor(database: Database) {
    this.state = database.query("SELECT epoch, reserved, overwritten FROM state");
    this.renew = database.query("UPDATE state SET epoch = $epoch");
    this.reserve = database.query("UPDATE state SET reserved = $reserved");
    this.countOverwritten = database.query("UPDATE state SET overwritten = $overwritten");

    this.layouts = database.query("SELECT id, hash FROM layouts ORDER BY id");
    this.usage = database.query(
      "SELECT layout, count(*) AS frames, max(sequence) AS last FROM frames GROUP BY layout",
    );
    this.layoutJson = database.query("SELECT json FROM layouts WHERE hash = $hash");
    this.addLayout = database.query("INSERT INTO layouts (hash, json) VALUES ($hash, $json) RETURNING id");
    this.dropLayout = database.query("DELETE FROM layouts WHERE id = $id");

    this.insert = database.query(
      "INSERT INTO frames VALUES ($sequence, $layout, $timestamp, $checksum, $payload)",
    );
    this.readAfter = database.query(
      "SELECT * FROM frames WHERE sequence > $after ORDER BY sequence LIMIT $limit",
    );
    this.countBetween = database.query(
      "SELECT count(*) AS frames FROM frames WHERE sequence > $after AND sequence <= $through",
    );
    this.firstAfter = database.query("SELECT min(sequence) AS sequence FROM frames WHERE sequence > $after");
    this.deleteOne = database.query("DELETE FROM frames WHERE sequence = $sequence");
    this.deleteThrough = database.query(
      `DELETE FROM frames WHERE sequence IN
         (SELECT sequence FROM frames WHERE sequence <= $through ORDER BY sequence LIMIT $limit)`,
    );
    this.deleteOldest = database.query(
      "DELETE FROM frames WHERE sequence IN (SELECT sequence FROM frames ORDER BY sequence LIMIT $limit)",
    );

    this.pages = database.query("PRAGMA page_count");
    this.freePages = database.query("PRAGMA freelist_count");
  }
}
