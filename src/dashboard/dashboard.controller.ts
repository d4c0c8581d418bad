import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '../web/problems/problem.js';
import { type PageFile, PageFiles } from './page-files.js';

/**
 * Nothing from elsewhere, nobody's frame, and no text ever becomes markup, by the browser's own check. Of what stands in the
 * page itself one script runs, by its hash: what it asks for is there a whole way sooner.
 */
const policyOf = (scripts: readonly string[]): string =>
  [
    "default-src 'none'",
    ["script-src 'self'", ...scripts].join(' '),
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');

/** The names of assets change with their content. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** The dashboard: a page that is a client of the public API like any other. Serving it asks neither server. */
@Controller()
export class DashboardController {
  constructor(private readonly files: PageFiles) {}

  @Get()
  async page(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const file = await this.find('index.html', request);
    reply.header('content-security-policy', policyOf(file.scripts));
    reply.header('referrer-policy', 'no-referrer').header('cross-origin-opener-policy', 'same-origin');
    send(file, 'no-cache', request, reply);
  }

  @Get('assets/:file')
  async asset(@Param('file') name: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    send(await this.find(name, request), FOR_EVER, request, reply);
  }

  private async find(name: string, request: FastifyRequest): Promise<PageFile> {
    const file = await this.files.find(name, request.headers['accept-encoding']);
    if (file !== null) return file;
    throw new ProblemError('not_found', 'This is no part of the dashboard, or the dashboard is not built.');
  }
}

function send(file: PageFile, caching: string, request: FastifyRequest, reply: FastifyReply): void {
  reply
    .header('content-type', file.type)
    .header('cache-control', caching)
    .header('etag', file.etag)
    .header('vary', 'Accept-Encoding');
  if (file.encoding !== null) reply.header('content-encoding', file.encoding);
  if (request.headers['if-none-match'] === file.etag) reply.code(304).send();
  else reply.send(file.body);
}
