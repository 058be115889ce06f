'use strict';
// The table in which Prisma records migrations, and the folder that holds them.
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const { CommandError } = require('./command_error');

// As Prisma's schema engine creates it.
const CREATE_TABLE = `CREATE TABLE _prisma_migrations (
  id                  VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum            VARCHAR(64) NOT NULL,
  finished_at         TIMESTAMPTZ,
  migration_name      VARCHAR(255) NOT NULL,
  logs                TEXT,
  rolled_back_at      TIMESTAMPTZ,
  started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;
const USER_OBJECTS = `SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') LIMIT 1`;

class Ledger {
  constructor(client, schema) {
    this.client = client;
    this.schema = schema;
  }

  async exists() {
    const found = await this.client.query('SELECT to_regclass($1) AS found', [
      `"${this.schema}"._prisma_migrations`,
    ]);
    return found.rows[0].found !== null;
  }

  /** Creates the table in an empty schema; P3005 if there are tables that nobody recorded. */
  async prepare() {
    if (await this.exists()) return;
    const { rowCount } = await this.client.query(USER_OBJECTS, [this.schema]);
    if (rowCount > 0) {
      throw new CommandError('P3005', 'The database schema is not empty. Read more about how to '
        + 'baseline an existing production database: https://pris.ly/d/migrate-baseline');
    }
    await this.create();
  }

  async create() {
    if (!(await this.exists())) await this.client.query(CREATE_TABLE);
  }

  async records() {
    if (!(await this.exists())) return [];
    const found = await this.client.query(
      'SELECT id, migration_name AS name, started_at, finished_at, rolled_back_at '
      + 'FROM _prisma_migrations ORDER BY started_at',
    );
    return found.rows.map((row) => ({
      ...row,
      applied: row.finished_at !== null && row.rolled_back_at === null,
      failed: row.finished_at === null && row.rolled_back_at === null,
    }));
  }

  async start(migration) {
    const id = crypto.randomUUID();
    await this.client.query(
      'INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ($1, $2, $3)',
      [id, migration.checksum, migration.name],
    );
    return id;
  }

  async finish(id, steps) {
    await this.client.query(
      'UPDATE _prisma_migrations SET applied_steps_count = applied_steps_count + $2, '
      + 'finished_at = CURRENT_TIMESTAMP WHERE id = $1',
      [id, steps],
    );
  }

  async fail(id, logs) {
    await this.client.query('UPDATE _prisma_migrations SET logs = $2 WHERE id = $1', [id, logs]);
  }

  async rollBack(id) {
    await this.client.query(
      'UPDATE _prisma_migrations SET rolled_back_at = CURRENT_TIMESTAMP WHERE id = $1',
      [id],
    );
  }
}

/** Returns [{name, script, checksum}] in the order of application. */
function readMigrations(directory) {
  const folders = fs.readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
  return folders.map((name) => {
    const file = path.join(directory, name, 'migration.sql');
    if (!fs.existsSync(file)) {
      throw new CommandError('P3015', `Could not find the migration file at ${file}. Please delete `
        + 'the directory or restore the migration file.');
    }
    const script = fs.readFileSync(file, 'utf8');
    const checksum = crypto.createHash('sha256').update(script).digest('hex');
    return { name, script, checksum };
  });
}

module.exports = { Ledger, readMigrations };
