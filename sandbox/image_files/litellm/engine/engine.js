'use strict';
// Prisma's query engine as npm ships it (WebAssembly) over the `pg` driver, for the Python client.
const fs = require('fs');
const path = require('path');
const { Pool } = require('pg');
const { PrismaPg } = require('@prisma/adapter-pg');
const { bindAdapter } = require('@prisma/driver-adapter-utils');
const { parseAddress } = require('../database/address');
const { connectionFailure } = require('../database/errors');
const { parseDatamodel } = require('../database/datamodel');
const { CatalogClient } = require('./catalog_types');
const { parseQuery } = require('./graphql');
const { answer, markJsonFields } = require('./values');

const NO_TRACE = '{}';
const EXTERNAL_ERROR = 'P2036'; // the engine's word for anything that a driver adapter threw

class Engine {
  constructor(datamodel, url) {
    this.models = parseDatamodel(datamodel).models;
    this.address = parseAddress(url);
    const { client, pool } = this.address;
    // Opening a connection has a time limit of its own, other than that of waiting for a free one.
    class PooledClient extends CatalogClient {
      constructor() {
        super(client);
      }
    }
    this.pool = new Pool({ ...pool, Client: PooledClient });
    this.pool.on('error', (error) => console.error(`idle database connection lost: ${error.message}`));
    this.adapter = bindAdapter(new PrismaPg(this.pool, { schema: this.address.schema }));
    this.engine = load(datamodel, this.adapter);
  }

  /** Opens the first connection. Throws an error with Prisma's `error_code` where there is one. */
  async connect() {
    try {
      (await this.pool.connect()).release();
    } catch (error) {
      throw Object.assign(error, connectionFailure(error, this.address) || { error_code: 'P1010' });
    }
    await this.engine.connect(NO_TRACE);
  }

  async close() {
    await this.pool.end();
  }

  /** Answers one request body of the client: a query or a batch of them. Never throws. */
  async query(body, transaction) {
    try {
      const asked = JSON.parse(body);
      return await (asked.batch ? this.batch(asked, transaction) : this.single(asked, transaction));
    } catch (error) {
      return this.failure(error);
    }
  }

  async single(asked, transaction) {
    const { alias, request } = this.translate(asked.query);
    const given = JSON.parse(await this.engine.query(JSON.stringify(request), NO_TRACE, transaction));
    if (given.errors?.length) return { errors: this.explained(given.errors) };
    return { data: answer(given.data, alias) };
  }

  async batch(asked, transaction) {
    const parsed = asked.batch.map(({ query }) => this.translate(query));
    const request = {
      batch: parsed.map((item) => item.request),
      transaction: asked.transaction ? {} : undefined,
    };
    const given = JSON.parse(await this.engine.query(JSON.stringify(request), NO_TRACE, transaction));
    given.batchResult = given.batchResult?.map((item, index) => (
      item.data ? { data: answer(item.data, parsed[index].alias) } : item
    ));
    if (given.errors) this.explained(given.errors);
    return given;
  }

  translate(text) {
    const parsed = parseQuery(text);
    markJsonFields(parsed.request, this.models);
    return parsed;
  }

  /** Starts a transaction: {id}, or a user-facing error with an `error_code`. */
  async startTransaction(body) {
    const asked = JSON.parse(body);
    const options = {
      max_wait: asked.max_wait ?? 2000,
      timeout: asked.timeout ?? 5000,
      isolation_level: asked.isolation_level,
    };
    return this.transactionAnswer(await this.engine.startTransaction(JSON.stringify(options), NO_TRACE));
  }

  async endTransaction(id, outcome) {
    const method = outcome === 'commit' ? 'commitTransaction' : 'rollbackTransaction';
    return this.transactionAnswer(await this.engine[method](id, NO_TRACE));
  }

  transactionAnswer(text) {
    const given = typeof text === 'string' && text ? JSON.parse(text) : text || {};
    if (given.error_code) this.explained([{ user_facing_error: given }]);
    return given;
  }

  /** What the engine throws is mostly a user-facing error as JSON text. */
  failure(error) {
    let reported;
    try {
      reported = JSON.parse(error.message);
    } catch {
      reported = { message: String(error.message || error), meta: null };
    }
    const user_facing_error = { is_panic: false, ...reported };
    return { errors: this.explained([{ error: reported.message, user_facing_error }]) };
  }

  /** Gives a failure of the driver the code that Prisma's own engine has for it. */
  explained(errors) {
    for (const entry of errors) {
      const shown = entry.user_facing_error;
      if (shown?.error_code !== EXTERNAL_ERROR) continue;
      const cause = this.adapter.errorRegistry.consumeError(shown.meta?.id)?.error;
      if (!cause) continue;
      const known = connectionFailure(cause, this.address);
      Object.assign(shown, known || { message: String(cause.message || cause) });
      shown.meta = { database_host: this.address.host, database_port: this.address.port };
      entry.error = shown.message;
    }
    return errors;
  }
}

function load(datamodel, adapter) {
  const runtime = path.dirname(require.resolve('@prisma/client/runtime/library.js'));
  const bindings = require(path.join(runtime, 'query_engine_bg.postgresql.js'));
  const bytes = fs.readFileSync(path.join(runtime, 'query_engine_bg.postgresql.wasm'));
  const imports = { './query_engine_bg.js': bindings };
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
  bindings.__wbg_set_wasm(instance.exports);
  const settings = {
    datamodel,
    logLevel: 'error',
    logQueries: Boolean(process.env.LOG_QUERIES),
    env: {},
    ignoreEnvVarErrors: true,
    datasourceOverrides: {},
    configDir: '.',
    engineProtocol: 'json',
  };
  const log = process.env.LOG_QUERIES ? (line) => console.error(line) : () => {};
  return new bindings.QueryEngine(settings, log, adapter);
}

module.exports = { Engine };
