'use strict';
// The HTTP face of the query engine, as prisma-client-py starts it and speaks to it:
// query-engine -p PORT, the schema in PRISMA_DML_PATH, the database in the schema's variable.
const fs = require('fs');
const http = require('http');
const { parseDatamodel } = require('../database/datamodel');
const { Engine } = require('./engine');

const LAST_ANSWERS = 400; // milliseconds; LiteLLM kills half a second after its SIGTERM
const ORPHAN_CHECK = 1000;
const PARENT = process.ppid;

async function route(engine, request, body) {
  const [path, parameters = ''] = request.url.split('?');
  const transaction = request.headers['x-transaction-id'];
  if (path === '/status') return [200, { status: 'ok' }];
  if (path === '/metrics') {
    return [200, parameters.includes('prometheus') ? '' : { counters: [], gauges: [], histograms: [] }];
  }
  if (path === '/' && request.method === 'POST') return [200, await engine.query(body, transaction)];
  if (path === '/transaction/start') return outcome(await engine.startTransaction(body));
  const ending = /^\/transaction\/([^/]+)\/(commit|rollback)$/.exec(path);
  if (ending) return outcome(await engine.endTransaction(ending[1], ending[2]));
  return [404, { error: `${request.method} ${path} is not known to this engine` }];
}

const outcome = (given) => [given.error_code ? 500 : 200, given];

function serve(engine, host, port) {
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk)).on('end', async () => {
      let status;
      let answer;
      try {
        [status, answer] = await route(engine, request, Buffer.concat(chunks).toString());
      } catch (error) {
        [status, answer] = [500, engine.failure(error)];
      }
      const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
      response.writeHead(status, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
      }).end(text);
    });
  });
  server.keepAliveTimeout = 600_000; // the client pools connections and must not lose that race
  server.requestTimeout = 0;
  server.on('error', fail);
  server.listen(port, host);
  return server;
}

function stopWhenTold(server, engine) {
  const stop = () => {
    server.close();
    engine.close().finally(() => process.exit(0));
    setTimeout(() => process.exit(0), LAST_ANSWERS);
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  setInterval(() => process.ppid !== PARENT && stop(), ORPHAN_CHECK).unref();
}

function databaseUrl(datamodel) {
  const overrides = JSON.parse(process.env.OVERWRITE_DATASOURCES || '[]');
  const { variable, literal } = parseDatamodel(datamodel).datasourceUrl;
  const url = overrides[0]?.url || literal || process.env[variable];
  if (!url) throw new Error(`no database URL: the schema reads the variable ${variable}, which is unset`);
  return url;
}

// Prisma's own engine says why it does not start in one line of JSON, too.
function fail(error) {
  const { message, error_code = null } = error;
  console.error(JSON.stringify({ is_panic: false, message, error_code }));
  process.exit(1);
}

async function main() {
  const option = (name, otherwise) => {
    const index = process.argv.indexOf(name);
    return index < 0 ? otherwise : process.argv[index + 1];
  };
  const datamodel = fs.readFileSync(process.env.PRISMA_DML_PATH, 'utf8');
  const engine = new Engine(datamodel, databaseUrl(datamodel));
  await engine.connect();
  stopWhenTold(serve(engine, option('-H', '127.0.0.1'), Number(option('-p'))), engine);
}

main().catch(fail);
