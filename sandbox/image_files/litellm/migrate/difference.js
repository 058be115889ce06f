'use strict';
// What a database lacks, or has otherwise, compared with a Prisma schema. Tables, columns with their
// types, enums, keys and indexes are compared; foreign keys, defaults and what is there in excess
// are not.

const COLUMN_TYPES = {
  String: 'text', Boolean: 'bool', Int: 'int4', BigInt: 'int8', Float: 'float8',
  DateTime: 'timestamp', Json: 'jsonb', Bytes: 'bytea', Decimal: 'numeric',
};
const COLUMNS = `SELECT c.relname AS table, a.attname AS column, t.typname AS type,
    a.attnotnull AS required
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
    JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped`;
const INDEXES = `SELECT c.relname AS table, i.indisunique AS unique, i.indisprimary AS primary,
    array_agg(a.attname::text ORDER BY k.position) AS columns
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k(number, position)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
  WHERE n.nspname = $1 AND i.indisvalid GROUP BY c.relname, i.indexrelid, i.indisunique, i.indisprimary`;
const ENUMS = `SELECT t.typname AS name, array_agg(e.enumlabel::text) AS values
  FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid JOIN pg_namespace n ON n.oid = t.typnamespace
  WHERE n.nspname = $1 GROUP BY t.typname`;

/** Returns one sentence per difference; none means that the database has what the schema asks for. */
async function differences(client, schema, datamodel) {
  const [columns, indexes, enums] = await read(client, schema);
  const found = [];
  for (const [name, values] of Object.entries(datamodel.enums)) {
    const there = enums.get(name);
    const missing = values.filter((value) => !there?.has(value));
    if (missing.length) found.push(`enum ${name} lacks ${missing.join(', ')}`);
  }
  for (const model of Object.values(datamodel.models)) {
    const table = columns.get(model.table);
    if (!table) found.push(`table ${model.table} is missing`);
    else {
      found.push(...columnDifferences(model, table));
      found.push(...indexDifferences(model, indexes.get(model.table) || new Set()));
    }
  }
  return found;
}

async function read(client, schema) {
  const columns = new Map();
  for (const row of (await client.query(COLUMNS, [schema])).rows) {
    if (!columns.has(row.table)) columns.set(row.table, new Map());
    columns.get(row.table).set(row.column, row);
  }
  const indexes = new Map();
  for (const row of (await client.query(INDEXES, [schema])).rows) {
    if (!indexes.has(row.table)) indexes.set(row.table, new Set());
    const kinds = ['index', ...(row.unique ? ['unique'] : []), ...(row.primary ? ['id'] : [])];
    for (const kind of kinds) indexes.get(row.table).add(indexKey(kind, row.columns));
  }
  const { rows } = await client.query(ENUMS, [schema]);
  return [columns, indexes, new Map(rows.map((row) => [row.name, new Set(row.values)]))];
}

function columnDifferences(model, table) {
  const found = [];
  for (const field of Object.values(model.fields).filter(({ relation }) => !relation)) {
    const column = table.get(field.column);
    const type = (field.list ? '_' : '') + (COLUMN_TYPES[field.type] || field.type);
    const where = `column ${model.table}.${field.column}`;
    if (!column) found.push(`${where} is missing`);
    else if (column.type !== type) found.push(`${where} is ${column.type} instead of ${type}`);
    else if (!field.list && column.required === field.optional) {
      found.push(`${where} is ${column.required ? 'required' : 'optional'} and should not be`);
    }
  }
  return found;
}

function indexDifferences(model, indexes) {
  return model.indexes.filter(({ kind, columns }) => !indexes.has(indexKey(kind, columns)))
    .map(({ kind, columns }) => `${kind} on ${model.table}(${columns.join(', ')}) is missing`);
}

const indexKey = (kind, columns) => `${kind}:${columns.join(',')}`;

module.exports = { differences };
