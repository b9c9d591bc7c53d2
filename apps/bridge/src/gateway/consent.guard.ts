import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { commandRule } from './command.js';
import { CommandError } from './command-error.js';
import type { Connection } from './connection.js';

/**
 * I1, I6, for what comes in: no command is run unless at this moment consent is proven and has the scope. Synchronous,
 * as its twin in `Connection.refusal` for what goes out.
 */
@Injectable()
export class ConsentGuard implements CanActivate {
  canActivate(context: ExecutionContext): true {
    const connection = context.getArgByIndex<Connection>(0);
    const rule = commandRule(context.getHandler());
    if (!rule) throw new CommandError('unknown_event');
    if (rule.opens) {
      if (connection.state !== 'waiting') throw new CommandError('already_open');
      return true;
    }
    const code = connection.refusal(rule.scopeBits);
    if (code) throw new CommandError(code, code === 'scope_missing' && rule.scope ? { scope: rule.scope } : undefined);
    return true;
  }
}
