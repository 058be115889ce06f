'use strict';
// The GraphQL text which prisma-client-py writes → a request of Prisma's JSON protocol.
// Only what that client writes is read: one query or mutation of one field, no fragments.

const NAME = /[_A-Za-z][_0-9A-Za-z]*/y;
const NUMBER = /-?\d+(\.\d+)?([eE][+-]?\d+)?/y;
const SPACE = /[\s,]*/y;
const ACTION = new RegExp('^(?:(queryRaw|executeRaw)|'
  + '(createMany|createOne|updateMany|updateOne|deleteMany|deleteOne|upsertOne|findUnique|findFirst'
  + '|findMany|aggregate|groupBy)(.+?)(OrThrow)?)$');

class GraphQLSyntaxError extends Error {}

class Reader {
  constructor(text) {
    this.text = text;
    this.position = 0;
  }

  match(pattern) {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text);
    if (found) this.position = pattern.lastIndex;
    return found;
  }

  peek() {
    this.match(SPACE);
    return this.text[this.position];
  }

  expected(what) {
    const near = this.text.slice(this.position, this.position + 20);
    return new GraphQLSyntaxError(`expected ${what} at ${this.position}, near ${JSON.stringify(near)}`);
  }

  take(character) {
    if (this.peek() !== character) throw this.expected(JSON.stringify(character));
    this.position += 1;
  }

  name() {
    this.match(SPACE);
    const found = this.match(NAME);
    if (!found) throw this.expected('a name');
    return found[0];
  }

  /** Calls `item` for each element up to the closing character. */
  until(closing, item) {
    this.position += 1;
    while (this.peek() !== closing) {
      if (this.peek() === undefined) throw this.expected(JSON.stringify(closing));
      item();
    }
    this.position += 1;
  }

  string() {
    let end = this.position + 1;
    for (; this.text[end] !== '"'; end += 1) {
      if (this.text[end] === '\\') end += 1;
      if (end >= this.text.length) throw this.expected('the end of a string');
    }
    const literal = this.text.slice(this.position, end + 1);
    this.position = end + 1;
    return literal.includes('\\') ? JSON.parse(literal) : literal.slice(1, -1);
  }

  fields(closing) {
    const object = {};
    this.until(closing, () => {
      const key = this.name();
      this.take(':');
      object[key] = this.value();
    });
    return object;
  }

  value() {
    const next = this.peek();
    if (next === '"') return this.string();
    if (next === '{') return this.fields('}');
    if (next === '[') {
      const list = [];
      this.until(']', () => list.push(this.value()));
      return list;
    }
    const found = this.match(NUMBER);
    if (found) return numeric(found);
    const name = this.name();
    if (name in CONSTANTS) return CONSTANTS[name];
    return name; // an enum value
  }

  arguments() {
    return this.peek() === '(' ? this.fields(')') : {};
  }

  selection() {
    if (this.peek() !== '{') return undefined;
    const selection = {};
    this.until('}', () => {
      const key = this.name();
      const given = this.arguments();
      const inner = this.selection();
      const plain = !inner && Object.keys(given).length === 0;
      selection[key] = plain ? true : { arguments: given, selection: inner || {} };
    });
    return selection;
  }
}

const CONSTANTS = { true: true, false: false, null: null };

// JSON numbers lose digits beyond 2^53; the JSON protocol has a wrapper for those.
function numeric([text, fraction, exponent]) {
  const value = Number(text);
  if (fraction || exponent || Number.isSafeInteger(value)) return value;
  return { $type: 'BigInt', value: text };
}

/**
 * Returns {alias, request}: the name under which the client expects the answer, and the request.
 * Throws GraphQLSyntaxError for text or for an action that this client is not known to write.
 */
function parseQuery(text) {
  const reader = new Reader(text);
  reader.name(); // query | mutation
  reader.take('{');
  const alias = reader.name();
  let field = alias;
  if (reader.peek() === ':') {
    reader.take(':');
    field = reader.name();
  }
  const query = { arguments: reader.arguments(), selection: reader.selection() || {} };
  const found = ACTION.exec(field);
  if (!found) throw new GraphQLSyntaxError(`action ${field} is not known to this engine`);
  const [, raw, action, modelName, orThrow = ''] = found;
  if (raw) return { alias, request: { action: raw, query } };
  return { alias, request: { modelName, action: action + orThrow, query } };
}

module.exports = { GraphQLSyntaxError, parseQuery };
