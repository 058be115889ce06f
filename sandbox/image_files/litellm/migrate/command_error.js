'use strict';

/** An error of the command line: printed as `Error: CODE` and its text, exit status 1. */
class CommandError extends Error {
  constructor(code, message, exitStatus = 1) {
    super(message);
    this.code = code;
    this.exitStatus = exitStatus;
  }
}

module.exports = { CommandError };
