'use strict';
// Makes every column type of PostgreSQL readable for Prisma's driver adapter, which rejects those it
// does not know (name, regclass, void …): they are handed over as text.
const { Client, types } = require('pg');

// Object identifiers of the types that @prisma/adapter-pg 5.17 maps (its fieldToColumnType).
const SCALARS = [
  16, 17, 20, 21, 23, 25, 26, 114, 142, 650, 700, 701, 790, 869, 1042, 1043, 1082, 1083, 1114, 1184,
  1266, 1560, 1562, 1700, 2950, 3802,
];
const ARRAYS = [
  143, 199, 651, 791, 1000, 1001, 1002, 1005, 1007, 1009, 1014, 1015, 1016, 1021, 1022, 1028, 1041,
  1115, 1182, 1183, 1231, 1561, 1563, 2951, 3807,
];
const MAPPED = new Set([...SCALARS, ...ARRAYS]);
const FIRST_USER_TYPE = 10000; // enums and the like, which the adapter takes as text itself
const TEXT = 25;
const TEXT_ARRAY = 1009;
const TIMESTAMP_ARRAY = 1115;
const TIMESTAMP_WITH_ZONE_ARRAY = 1185;

class CatalogClient extends Client {
  query(config, values, callback) {
    if (typeof callback === 'function') {
      return super.query(config, values, (error, result) => callback(error, readable(result)));
    }
    const pending = super.query(config, values);
    return typeof pending?.then === 'function' ? pending.then(readable) : pending;
  }
}

function readable(result) {
  result?.fields?.forEach((field, index) => {
    if (MAPPED.has(field.dataTypeID) || field.dataTypeID >= FIRST_USER_TYPE) return;
    const { dataTypeID } = field;
    if (dataTypeID === TIMESTAMP_WITH_ZONE_ARRAY) {
      field.dataTypeID = TIMESTAMP_ARRAY; // the session is in UTC, so the zone carries nothing
      result.rows.forEach((row) => { row[index] = row[index] && withoutZones(row[index]); });
      return;
    }
    const isList = result.rows.some((row) => Array.isArray(row[index]));
    field.dataTypeID = isList ? TEXT_ARRAY : TEXT;
    if (!isList) result.rows.forEach((row) => { row[index] = asText(row[index]); });
  });
  return result;
}

function withoutZones(literal) {
  const strip = (item) => item && item.replace(/[+-]\d\d(:?\d\d)?$/, '');
  return types.arrayParser.create(literal, strip).parse();
}

function asText(value) {
  if (value === null || value === undefined || typeof value === 'string') return value;
  return typeof value.toPostgres === 'function' ? value.toPostgres() : JSON.stringify(value);
}

module.exports = { CatalogClient };
