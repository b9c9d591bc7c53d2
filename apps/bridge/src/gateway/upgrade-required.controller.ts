import { PROTOCOL } from '@drawbridge/protocol';
import { Controller, Get, Header, HttpCode } from '@nestjs/common';

/** What a plain request to the WebSocket's address is told (RFC 9110 section 15.5.22). */
@Controller('bridge')
export class UpgradeRequiredController {
  @Get()
  @HttpCode(426)
  @Header('Upgrade', 'websocket')
  upgradeRequired(): object {
    return { error: 'upgrade_required', supported: [PROTOCOL] };
  }
}
