'use strict';
// Reads a database URL as Prisma reads it and turns it into the options of the `pg` driver.
// Parameters: https://www.prisma.io/docs/orm/overview/databases/postgresql
const fs = require('fs');
const os = require('os');
const tls = require('tls');

const KNOWN_PARAMETERS = new Set([
  'application_name', 'connect_timeout', 'connection_limit', 'host', 'max_connection_lifetime',
  'max_idle_connection_lifetime', 'options', 'pgbouncer', 'pool_timeout', 'schema',
  'socket_timeout', 'sslaccept', 'sslcert', 'sslmode', 'statement_cache_size',
]);
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/;

class AddressError extends Error {}

/**
 * Returns {host, port, database, user, schema, client, pool}: `client` are the options of one
 * connection, `pool` those of the pool. Throws AddressError naming the parameter at fault.
 */
function parseAddress(text) {
  let url;
  try {
    url = new URL(text);
  } catch {
    throw new AddressError('the database URL cannot be parsed'); // never echo it: it has a password
  }
  if (!['postgresql:', 'postgres:'].includes(url.protocol)) {
    throw new AddressError(`the database URL must begin with postgresql://, not ${url.protocol}//`);
  }
  const parameters = url.searchParams;
  for (const name of parameters.keys()) {
    if (!KNOWN_PARAMETERS.has(name)) {
      const known = [...KNOWN_PARAMETERS].join(', ');
      throw new AddressError(`database URL parameter ${name} is not known here; known are ${known}`);
    }
  }
  const seconds = (name, otherwise) => number(parameters, name, otherwise) * 1000;
  const host = parameters.get('host') || bare(decodeURIComponent(url.hostname)) || 'localhost';
  const schema = parameters.get('schema') || 'public';
  const settings = [`-c timezone=UTC`, `-c search_path=${setting(`"${schema}"`)}`];
  const client = {
    host,
    port: Number(url.port || 5432),
    database: decodeURIComponent(url.pathname.slice(1)) || 'postgres',
    user: decodeURIComponent(url.username) || undefined,
    password: decodeURIComponent(url.password) || undefined,
    application_name: parameters.get('application_name') || undefined,
    options: [...settings, parameters.get('options') || ''].join(' ').trim(),
    connectionTimeoutMillis: seconds('connect_timeout', 5),
    query_timeout: seconds('socket_timeout', 0) || undefined,
    ssl: transportSecurity(parameters, host),
  };
  const pool = {
    max: number(parameters, 'connection_limit', os.cpus().length * 2 + 1),
    connectionTimeoutMillis: seconds('pool_timeout', 10),
    idleTimeoutMillis: seconds('max_idle_connection_lifetime', 300),
    maxLifetimeSeconds: number(parameters, 'max_connection_lifetime', 0),
  };
  const { port, database, user } = client;
  return { host, port, database, user, schema, client, pool };
}

/**
 * `sslaccept=strict` checks the chain and the host name. Prisma loads a single certificate from
 * `sslcert`, the first one of a bundle, and so does this.
 */
function transportSecurity(parameters, host) {
  const mode = parameters.get('sslmode') || 'prefer';
  if (!['disable', 'prefer', 'require'].includes(mode)) {
    throw new AddressError(`sslmode=${mode} is not one of Prisma's disable, prefer, require`);
  }
  const strict = (parameters.get('sslaccept') || 'accept_invalid_certs') !== 'accept_invalid_certs';
  // `prefer` falls back to plain text by itself, so the plain connection is what it guarantees.
  if (mode === 'disable' || (mode === 'prefer' && !strict)) return false;
  if (!strict) return { rejectUnauthorized: false };
  const file = parameters.get('sslcert');
  return {
    ca: file ? firstCertificate(file) : undefined,
    rejectUnauthorized: true,
    // The driver leaves the name out when the host is an address, and Node then checks "localhost".
    checkServerIdentity: (_, certificate) => tls.checkServerIdentity(host, certificate),
  };
}

function firstCertificate(file) {
  let text;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw new AddressError(`sslcert=${file} cannot be read: ${error.code}`);
  }
  const found = CERTIFICATE.exec(text);
  if (!found) throw new AddressError(`sslcert=${file} holds no PEM certificate`);
  return found[0];
}

function number(parameters, name, otherwise) {
  const text = parameters.get(name);
  if (text === null) return otherwise;
  const value = Number(text);
  if (text === '' || !Number.isFinite(value) || value < 0) {
    throw new AddressError(`${name}=${text} is not a number of at least 0`);
  }
  return value;
}

// In the `options` of a connection, spaces and backslashes are escaped with a backslash.
const setting = (value) => value.replace(/[\\\s]/g, '\\$&');
const bare = (hostname) => hostname.replace(/^\[(.*)\]$/, '$1');

module.exports = { AddressError, parseAddress };
