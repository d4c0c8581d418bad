import { Controller, Get, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { isProblemCode, PROBLEMS, ProblemError } from './problem.js';

/** The pages that `type` of a problem points to. */
@Controller('problems')
export class ProblemsController {
  @Get(':code')
  explain(@Param('code') code: string, @Res() reply: FastifyReply): void {
    if (!isProblemCode(code)) throw new ProblemError('not_found', 'There is no problem of this name.');
    const { status, title, explanation } = PROBLEMS[code];
    reply
      .header('content-type', 'text/html; charset=utf-8')
      .send(
        `<!doctype html>\n<html lang="en">\n<title>${title}</title>\n<h1>${title}</h1>\n` +
          `<p>Status ${status}, code <code>${code}</code></p>\n<p>${explanation}</p>\n</html>\n`,
      );
  }
}
