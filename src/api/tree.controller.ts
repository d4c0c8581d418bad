import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { holderOf } from '../access/grant.js';
import { RankingsService } from '../counters/history/rankings.service.js';
import type { TreeNode } from '../store/name-tree.js';
import { sendJson } from '../web/answers.js';
import { nextPage } from '../web/next-page.js';
import { queryOf } from '../web/query.js';
import { cursorOf, nameOfCursor } from './cursor.js';
import { TreeQuery } from './shapes.js';

/** Names as a tree, level by level. */
@Controller('v1/tree')
export class TreeController {
  constructor(private readonly rankings: RankingsService) {}

  @Get()
  async level(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { prefix, separator, limit, cursor } = queryOf(TreeQuery, request);
    const after = cursor === undefined ? null : nameOfCursor(cursor);
    const question = { prefix, separator, after, limit: Number(limit) };
    const { nodes, hasMore, asOf } = await this.rankings.level(question, holderOf(request.grant));
    const last = nodes.at(-1);
    const nextCursor = hasMore && last !== undefined ? cursorOf(last.name) : null;
    nextPage(reply, '/v1/tree', { prefix, separator, limit }, nextCursor);
    const page = `"hasMore":${hasMore},"nextCursor":${JSON.stringify(nextCursor)},"asOf":"${asOf}"`;
    sendJson(reply, `{"data":[${nodes.map(nodeJson).join(',')}],${page}}`);
  }
}

function nodeJson({ name, isBranch, count, sum }: TreeNode): string {
  return `{"name":${JSON.stringify(name)},"isBranch":${isBranch},"count":${count},"sum":${sum}}`;
}
