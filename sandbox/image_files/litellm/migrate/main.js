'use strict';
// The `prisma` command as far as LiteLLM calls it: --version, generate, migrate deploy, status,
// resolve and diff. Everything else ends with an error that names it.
const fs = require('fs');
const path = require('path');
const { Client, types } = require('pg');
const { AddressError, parseAddress } = require('../database/address');
const { connectionFailure } = require('../database/errors');
const { parseDatamodel } = require('../database/datamodel');
const { CommandError } = require('./command_error');
const { deploy, resolveApplied, resolveRolledBack, status } = require('./deploy');
const { differences } = require('./difference');

const SCHEMA_FILE = 'schema.prisma';
const IMAGE_SCHEMA = path.join(__dirname, '..', '..', SCHEMA_FILE);
const DIFFERENT = 2; // the exit status of `migrate diff --exit-code`
const VERSION = require('prisma/package.json').version;
const asText = { getTypeParser: (oid, format) => (TIMES.has(oid) ? String : types.getTypeParser(oid, format)) };
const TIMES = new Set([types.builtins.TIMESTAMPTZ]);

const COMMANDS = {
  '--version': () => print(`prisma : ${VERSION}`),
  generate: () => print('Prisma Client Python was generated when this image was built.'),
  'migrate deploy': migrateDeploy,
  'migrate status': migrateStatus,
  'migrate resolve': migrateResolve,
  'migrate diff': migrateDiff,
};
const OPTIONS = {
  'migrate deploy': ['--schema'],
  'migrate status': ['--schema'],
  'migrate resolve': ['--schema', '--applied', '--rolled-back'],
  'migrate diff': [
    '--from-url', '--from-schema-datasource', '--to-schema-datamodel', '--script!', '--exit-code!',
  ],
};

async function main(words) {
  const name = words[0]?.startsWith('-') || words[0] === 'generate'
    ? words[0] : words.slice(0, 2).join(' ');
  const command = COMMANDS[name];
  if (!command) {
    const known = Object.keys(COMMANDS).join(', ');
    throw new CommandError(null, `prisma ${name} is not part of this stand-in, which knows ${known}`);
  }
  const rest = words.slice(name.split(' ').length);
  return command(OPTIONS[name] ? parseOptions(`prisma ${name}`, rest, OPTIONS[name]) : {});
}

function parseOptions(command, words, known) {
  const options = {};
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index];
    if (known.includes(`${word}!`)) options[word] = true;
    else if (known.includes(word) && index + 1 < words.length) options[word] = words[index += 1];
    else throw new CommandError(null, `${command} ${word} is not part of this stand-in`);
  }
  return options;
}

async function migrateDeploy(options) {
  await withDatabase(configuredUrl(options), async (client, address) => {
    print(`Datasource: PostgreSQL database "${address.database}", schema "${address.schema}" at `
      + `"${address.host}:${address.port}"\n`);
    const applied = await deploy(client, address, migrationsOf(options), print);
    if (applied.length === 0) return print('No pending migrations to apply.');
    print('\nThe following migration(s) have been applied:\n\nmigrations/');
    for (const migration of applied) print(`  └─ ${migration}/\n    └─ migration.sql`);
    return print('\nAll migrations have been successfully applied.');
  });
}

async function migrateStatus(options) {
  await withDatabase(configuredUrl(options), async (client, address) => {
    const { pending, failed } = await status(client, address, migrationsOf(options));
    if (failed.length) {
      throw new CommandError(null, `Following migration have failed:\n${failed.join('\n')}`);
    }
    if (pending.length) {
      throw new CommandError(null, 'Following migration have not yet been applied:\n'
        + pending.join('\n'));
    }
    print('Database schema is up to date!');
  });
}

async function migrateResolve(options) {
  const { '--applied': applied, '--rolled-back': rolledBack } = options;
  if (Boolean(applied) === Boolean(rolledBack)) {
    throw new CommandError(null, 'prisma migrate resolve needs either --applied or --rolled-back');
  }
  await withDatabase(configuredUrl(options), async (client, address) => {
    if (applied) await resolveApplied(client, address, migrationsOf(options), applied);
    else await resolveRolledBack(client, address, rolledBack);
    print(`Migration ${applied || rolledBack} marked as ${applied ? 'applied' : 'rolled back'}.`);
  });
}

// The statements that would close a difference are not written here: a difference is an error which
// lists it, so that nobody takes an empty script for agreement.
async function migrateDiff(options) {
  process.title = 'prisma migrate diff'; // the arguments hold a URL with its password
  const target = datamodelFile(options['--to-schema-datamodel']);
  const source = options['--from-schema-datasource'];
  const url = options['--from-url'] || (source && configuredUrl({ '--schema': source }));
  if (!target || !url) {
    throw new CommandError(null, 'prisma migrate diff is known here from a database (--from-url, '
      + '--from-schema-datasource) to a schema (--to-schema-datamodel) only');
  }
  await withDatabase(url, async (client, address) => {
    const datamodel = parseDatamodel(fs.readFileSync(target, 'utf8'));
    const found = await differences(client, address.schema, datamodel);
    if (found.length) {
      const list = found.map((sentence) => `  ${sentence}`).join('\n');
      throw new CommandError(null, `The database differs from ${target}:\n${list}`, DIFFERENT);
    }
    print(options['--script'] ? '-- This is an empty migration.' : 'No difference detected.');
  });
}

// LiteLLM's start-up means the schema in the working directory of its image; here a process may start
// anywhere.
function datamodelFile(file) {
  if (file !== `./${SCHEMA_FILE}` || fs.existsSync(file)) return file;
  return IMAGE_SCHEMA;
}

function schemaOf(options) {
  const file = options['--schema'] || SCHEMA_FILE;
  if (!fs.existsSync(file)) {
    throw new CommandError(null, `Could not find the Prisma schema ${path.resolve(file)}`);
  }
  return file;
}

const migrationsOf = (options) => path.join(path.dirname(schemaOf(options)), 'migrations');

function configuredUrl(options) {
  const { variable, literal } = parseDatamodel(fs.readFileSync(schemaOf(options), 'utf8')).datasourceUrl;
  const url = literal || process.env[variable];
  if (!url) throw new CommandError('P1012', `Environment variable not found: ${variable}.`);
  return url;
}

async function withDatabase(url, work) {
  const address = parseAddress(url);
  const client = new Client({ ...address.client, query_timeout: undefined, types: asText });
  client.on('error', () => {}); // the query under way reports it
  try {
    await client.connect();
  } catch (error) {
    const known = connectionFailure(error, address);
    throw known ? new CommandError(known.error_code, known.message) : error;
  }
  try {
    await work(client, address);
  } finally {
    await client.end();
  }
}

function print(text) {
  process.stdout.write(`${text}\n`);
}

main(process.argv.slice(2)).catch((error) => {
  const expected = error instanceof CommandError || error instanceof AddressError;
  process.stderr.write(error.code && expected ? `Error: ${error.code}\n\n${error.message}\n`
    : `Error: ${expected ? error.message : error.stack}\n`);
  process.exitCode = error.exitStatus || 1;
});
