'use strict';
// The part of a Prisma schema that the engine and `migrate diff` need: models, fields, indexes.

/**
 * Returns {models, enums, datasourceUrl}. A model is {table, fields, indexes}; a field is
 * {type, list, optional, column, relation}; an index is {kind: 'id' | 'unique' | 'index', columns}.
 */
function parseDatamodel(text) {
  const blocks = [...text.matchAll(/^(model|enum|datasource)\s+(\w+)\s*\{([\s\S]*?)^\}/gm)];
  const named = (kind) => blocks.filter((block) => block[1] === kind);
  const modelNames = new Set(named('model').map((block) => block[2]));
  const enums = Object.fromEntries(named('enum').map(([, , name, body]) => [name, enumValues(body)]));
  const models = Object.fromEntries(
    named('model').map(([, , name, body]) => [name, parseModel(name, body, modelNames)]),
  );
  return { models, enums, datasourceUrl: datasourceUrl(named('datasource')[0]?.[3] || '') };
}

function parseModel(name, body, modelNames) {
  const model = { table: name, fields: {}, indexes: [] };
  for (const line of body.split('\n').map((text) => text.replace(/\/\/.*$/, '').trim())) {
    const table = /^@@map\("([^"]+)"\)/.exec(line);
    if (table) model.table = table[1];
    const field = /^(\w+)\s+(\w+)(\[\])?(\?)?(.*)$/.exec(line);
    if (field) {
      const [, fieldName, type, list, optional, rest] = field;
      const column = /@map\("([^"]+)"\)/.exec(rest)?.[1] || fieldName;
      model.fields[fieldName] = {
        type, column, list: Boolean(list), optional: Boolean(optional), relation: modelNames.has(type),
      };
      if (/@id\b/.test(rest)) model.indexes.push({ kind: 'id', columns: [column] });
      if (/@unique\b/.test(rest)) model.indexes.push({ kind: 'unique', columns: [column] });
    }
    const index = /^@@(id|unique|index)\(\s*(?:fields:\s*)?\[([^\]]+)\]/.exec(line);
    if (index) {
      const fields = index[2].replace(/\([^)]*\)/g, '').split(',').map((text) => text.trim());
      model.indexes.push({ kind: index[1], columns: fields });
    }
  }
  for (const index of model.indexes) {
    index.columns = index.columns.map((column) => model.fields[column]?.column || column);
  }
  return model;
}

function enumValues(body) {
  return body.split('\n').map((line) => line.replace(/\/\/.*$/, '').trim()).filter(Boolean);
}

function datasourceUrl(body) {
  const found = /\burl\s*=\s*(?:env\(\s*"([^"]+)"\s*\)|"([^"]+)")/.exec(body);
  return found ? { variable: found[1], literal: found[2] } : {};
}

module.exports = { parseDatamodel };
