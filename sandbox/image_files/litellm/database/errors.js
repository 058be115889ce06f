'use strict';
// What went wrong between the driver and PostgreSQL, in the codes and words of Prisma's engines.
// https://www.prisma.io/docs/orm/reference/error-reference

const UNREACHABLE = /^(ECONNREFUSED|EHOST|ENET|ENOTFOUND|EAI_|ENOENT|EADDRNOTAVAIL)/;
const CLOSED = /Connection terminated|Client has encountered a connection error|ECONNRESET|EPIPE/;
const CERTIFICATE = /CERT|SIGNATURE|ISSUER|^ERR_(TLS|SSL|OSSL)|SELF_SIGNED|DEPTH_ZERO/;

/** Returns {error_code, message}, or null for an error that has no code of its own. */
function connectionFailure(error, address) {
  const code = String(error.code || '');
  const text = String(error.message || code || error);
  const server = `\`${address.host}:${address.port}\``;
  if (code === '28P01' || code === '28000') {
    return failure('P1000', `Authentication failed against database server at \`${address.host}\`, `
      + `the provided database credentials for \`${address.user}\` are not valid.`);
  }
  if (UNREACHABLE.test(code)) {
    return failure('P1001', `Can't reach database server at ${server}\n\n`
      + `Please make sure your database server is running at ${server}.`);
  }
  if (/^timeout expired$/.test(text) || code === 'ETIMEDOUT') {
    return failure('P1001', `Can't reach database server at ${server}: the connection timed out`);
  }
  if (code === '3D000') {
    return failure('P1003', `Database \`${address.database}\` does not exist on the database server `
      + `at ${server}.`);
  }
  if (/Query read timeout/.test(text)) {
    return failure('P1008', 'Operations timed out: the socket_timeout of the database URL');
  }
  if (CERTIFICATE.test(code) || /does not support SSL connections/.test(text)) {
    return failure('P1011', `Error opening a TLS connection: ${text}`);
  }
  if (CLOSED.test(text + code) || code === '57P01') {
    return failure('P1017', 'Server has closed the connection.');
  }
  if (/timeout exceeded when trying to connect/.test(text)) {
    return failure('P2024', 'Timed out fetching a new connection from the connection pool. '
      + `(Current connection pool timeout: ${address.pool.connectionTimeoutMillis / 1000}, `
      + `connection limit: ${address.pool.max})`);
  }
  return null;
}

const failure = (error_code, message) => ({ error_code, message });

module.exports = { connectionFailure };
