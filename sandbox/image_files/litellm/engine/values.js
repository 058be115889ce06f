'use strict';
// Values on their way in and out: where the GraphQL and the JSON protocol of Prisma disagree.

const OBJECT_ARGUMENTS = new Set(['where', 'data', 'create', 'update', 'cursor', 'having']);
const JSON_OPERATORS = new Set([
  'set', 'push', 'equals', 'not', 'has', 'hasEvery', 'hasSome', 'array_contains',
  'array_starts_with', 'array_ends_with', 'lt', 'lte', 'gt', 'gte',
]);
const NULLS = new Set(['JsonNull', 'DbNull', 'AnyNull']);
const NESTED_WRITES = new Set(['connectOrCreate', 'upsert', 'createMany', 'updateMany']);
const NESTED = new Set([
  'create', 'connect', 'disconnect', 'delete', 'deleteMany', 'set', 'update', 'is', 'isNot', 'some',
  'every', 'none', ...NESTED_WRITES,
]);

/**
 * Marks the values of Json fields in a request. The client sends JSON *text* there, which the JSON
 * protocol would store as a JSON string. Changes the request in place.
 */
function markJsonFields(request, models) {
  if (request.modelName) markQuery(request.query, request.modelName, models);
}

function markQuery(query, model, models) {
  for (const [name, value] of Object.entries(query.arguments)) {
    if (OBJECT_ARGUMENTS.has(name)) markInput(value, model, models);
  }
  for (const [name, inner] of Object.entries(query.selection)) {
    const field = models[model]?.fields[name];
    if (field?.relation && inner !== true) markQuery(inner, field.type, models);
  }
}

function markInput(input, model, models) {
  if (Array.isArray(input)) return input.forEach((item) => markInput(item, model, models));
  if (!isObject(input)) return undefined;
  for (const [name, value] of Object.entries(input)) {
    const field = models[model]?.fields[name];
    if (field?.type === 'Json') input[name] = markJson(value);
    else if (field?.relation) markRelation(value, field.type, models);
    else if (!field) markInput(value, model, models); // AND, OR, NOT or a compound unique key
  }
  return undefined;
}

function markRelation(value, model, models) {
  if (!isObject(value)) return;
  for (const [operation, operand] of Object.entries(value)) {
    if (!NESTED.has(operation)) markInput({ [operation]: operand }, model, models);
    else for (const item of [operand].flat()) markOperand(operation, item, model, models);
  }
}

function markOperand(operation, operand, model, models) {
  const wrapped = NESTED_WRITES.has(operation)
    || (operation === 'update' && isObject(operand) && 'where' in operand && 'data' in operand);
  if (!wrapped) return markInput(operand, model, models);
  return ['where', 'data', 'create', 'update'].forEach((part) => markInput(operand[part], model, models));
}

function markJson(value) {
  if (typeof value === 'string') return NULLS.has(value) ? value : { $type: 'Json', value };
  if (Array.isArray(value)) return value.map(markJson);
  if (isObject(value)) {
    for (const name of Object.keys(value)) {
      if (JSON_OPERATORS.has(name)) value[name] = markJson(value[name]);
    }
  }
  return value;
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Replaces the {$type, value} wrappers of an answer by what the GraphQL protocol has there. */
function unwrap(value) {
  if (Array.isArray(value)) return value.map(unwrap);
  if (!isObject(value)) return value;
  if ('$type' in value) return value.value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, unwrap(inner)]));
}

/** Returns raw rows in the form of Prisma 5.4, which prisma-client-py 0.11 reads. */
function rawRows({ columns, types, rows }) {
  return rows.map((row) => Object.fromEntries(
    row.map((value, index) => [columns[index], rawCell(types[index], value)]),
  ));
}

function rawCell(type, value) {
  if (value === null || value === undefined) return { prisma__type: 'null', prisma__value: null };
  if (!type.endsWith('-array')) return { prisma__type: type, prisma__value: value };
  const element = type.slice(0, -'-array'.length);
  return { prisma__type: 'array', prisma__value: value.map((item) => rawCell(element, item)) };
}

/** Returns the data of an answer under the name that the client asked for. */
function answer(data, alias) {
  const [action] = Object.keys(data || {});
  if (action === undefined) return { [alias]: null };
  const value = unwrap(data[action]);
  return { [alias]: action === 'queryRaw' ? rawRows(value) : value };
}

module.exports = { answer, markJsonFields };
