'use strict';
// prisma migrate deploy | status | resolve
const { setTimeout: sleep } = require('timers/promises');
const { CommandError } = require('./command_error');
const { Ledger, readMigrations } = require('./ledger');

const LOCK = 72707369; // Prisma's own, so that its CLI and this one exclude each other
const LOCK_TIMEOUT = 10_000; // milliseconds, as is the next
const LOCK_INTERVAL = 50;
const MORE = 'Read more about how to resolve migration issues in a production database: '
  + 'https://pris.ly/d/migrate-resolve';

/** Applies what is pending, in order; returns the names. One failure stops it and is recorded. */
async function deploy(client, address, directory, print) {
  await lock(client, address);
  const ledger = new Ledger(client, address.schema);
  const migrations = readMigrations(directory);
  print(`${migrations.length} migrations found in ${directory}\n`);
  await ledger.prepare();
  const records = await ledger.records();
  refuseFailed(records);
  const applied = new Set(records.filter((record) => record.applied).map((record) => record.name));
  const pending = migrations.filter((migration) => !applied.has(migration.name));
  for (const migration of pending) {
    print(`Applying migration \`${migration.name}\``);
    await apply(client, ledger, migration);
  }
  return pending.map((migration) => migration.name);
}

// One simple query per file, as Prisma does it: several statements are one implicit transaction, and
// a single one (CREATE INDEX CONCURRENTLY) is none.
async function apply(client, ledger, migration) {
  const id = await ledger.start(migration);
  try {
    await client.query(migration.script);
  } catch (error) {
    await client.query('ROLLBACK');
    const logs = describe(error, migration.script);
    await ledger.fail(id, logs);
    throw new CommandError('P3018', 'A migration failed to apply. New migrations cannot be applied '
      + `before the error is recovered from. ${MORE}\n\nMigration name: ${migration.name}\n\n${logs}`);
  }
  await ledger.finish(id, 1);
}

function describe(error, script) {
  const lines = [`Database error code: ${error.code || 'none'}`, '', 'Database error:',
    `${error.severity || 'ERROR'}: ${error.message}`];
  if (error.detail) lines.push(`DETAIL: ${error.detail}`);
  if (error.hint) lines.push(`HINT: ${error.hint}`);
  if (error.position) {
    const line = script.slice(0, Number(error.position) - 1).split('\n').length;
    lines.push('', `Position: line ${line}`);
  }
  return lines.join('\n');
}

function refuseFailed(records) {
  const failed = records.filter((record) => record.failed);
  if (failed.length === 0) return;
  const list = failed.map(({ name, started_at }) => (
    `The \`${name}\` migration started at ${timestamp(started_at)} failed`
  ));
  throw new CommandError('P3009', 'migrate found failed migrations in the target database, new '
    + `migrations will not be applied. ${MORE}\n${list.join('\n')}`);
}

/** LiteLLM reads this time back as a timestamptz and compares it with the ledger's. */
const timestamp = (text) => text.replace(/\+00(:?00)?$/, ' UTC');

// By trying again and again: who waits in pg_advisory_lock() holds a snapshot, which a CREATE INDEX
// CONCURRENTLY of the lock's owner would wait for, and PostgreSQL would end one of them as a deadlock.
async function lock(client, address) {
  if (process.env.PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK) return;
  const deadline = Date.now() + LOCK_TIMEOUT;
  while (!(await tryLock(client))) {
    if (Date.now() > deadline) {
      throw new CommandError('P1002', `The database server at \`${address.host}\`:\`${address.port}\` `
        + 'was reached but timed out.\n\nPlease try again.\n\nContext: Timed out trying to acquire a '
        + `postgres advisory lock (SELECT pg_advisory_lock(${LOCK})). Elapsed: ${LOCK_TIMEOUT}ms. `
        + 'See https://pris.ly/d/migrate-advisory-locking for details.');
    }
    await sleep(LOCK_INTERVAL);
  }
}

async function tryLock(client) {
  const found = await client.query(`SELECT pg_try_advisory_lock(${LOCK}) AS locked`);
  return found.rows[0].locked;
}

/** Returns {pending, failed}: names of migrations that are not (wholly) applied. */
async function status(client, address, directory) {
  const records = await new Ledger(client, address.schema).records();
  const names = (kind) => new Set(records.filter((record) => record[kind]).map((record) => record.name));
  const [applied, failed] = [names('applied'), names('failed')];
  const pending = readMigrations(directory).map((migration) => migration.name)
    .filter((name) => !applied.has(name) && !failed.has(name));
  return { pending, failed: [...failed] };
}

async function resolveApplied(client, address, directory, name) {
  await lock(client, address);
  const migration = readMigrations(directory).find((candidate) => candidate.name === name);
  if (!migration) {
    throw new CommandError('P3017', `The migration ${name} could not be found. Please make sure that `
      + 'the migration exists, and that you included the whole name of the directory. (example: '
      + '"20201207184859_initial_migration")');
  }
  const ledger = new Ledger(client, address.schema);
  await ledger.create();
  const records = (await ledger.records()).filter((record) => record.name === name);
  if (records.some((record) => record.applied)) {
    throw new CommandError('P3008', `The migration \`${name}\` is already recorded as applied in the `
      + 'database.');
  }
  for (const record of records.filter(({ failed }) => failed)) await ledger.rollBack(record.id);
  await ledger.finish(await ledger.start(migration), 0);
}

async function resolveRolledBack(client, address, name) {
  await lock(client, address);
  const ledger = new Ledger(client, address.schema);
  const records = (await ledger.records()).filter((record) => record.name === name);
  if (records.length === 0) {
    throw new CommandError('P3011', `Migration \`${name}\` cannot be rolled back because it was never `
      + 'applied to the database. Hint: did you pass in the whole migration name? (example: '
      + '"20201207184859_initial_migration")');
  }
  const failed = records.filter((record) => record.failed);
  if (failed.length === 0) {
    throw new CommandError('P3012', `Migration \`${name}\` cannot be rolled back because it is not in `
      + 'a failed state.');
  }
  for (const record of failed) await ledger.rollBack(record.id);
}

module.exports = { deploy, resolveApplied, resolveRolledBack, status };
