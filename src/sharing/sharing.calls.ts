import type { Call } from '../web/openapi/call.js';
import { badgeSvg } from './badge.js';
import { Link, LinkPage, LinksQuery, NewLinkBody, Revoked } from './links.shapes.js';
import { BadgeQuery, EmbedQuery } from './shown.shapes.js';

const link = {
  id: '1ft9w4u6y8j2m',
  label: 'on our home page',
  name: 'page:/home',
  prefix: null,
  createdAt: '2026-01-01T00:00:00.000Z',
  expiresAt: null,
  revokedAt: null,
  token: 'el_1ft9w4u6y8j2m_…',
};

const OPEN = 'Open to a key that may read the counter, and to a link that shows it (`?link=`).';

/** Counters shown to others. */
export const sharingCalls: readonly Call[] = [
  {
    route: 'GET /v1/links',
    id: 'listLinks',
    tag: 'sharing',
    summary: 'A page of links, oldest first',
    description: 'Revoked and expired ones too.',
    query: LinksQuery,
    answers: {
      200: {
        description: 'A page.',
        json: { schema: LinkPage, example: { data: [link], hasMore: false, nextCursor: null } },
      },
    },
  },
  {
    route: 'POST /v1/links',
    id: 'makeLink',
    tag: 'sharing',
    summary: 'Make a link that shows a counter, or those of a prefix',
    description: 'To whoever has it, as a picture and as a small page; it opens nothing else.',
    body: { schema: NewLinkBody, required: true, example: { label: 'on our home page', name: 'page:/home' } },
    answers: { 201: { description: 'The link.', json: { schema: Link, example: link } } },
  },
  {
    route: 'DELETE /v1/links',
    id: 'revokeLinks',
    tag: 'sharing',
    summary: 'End all links',
    description: 'From then on links are signed by another secret. It takes effect on every instance within seconds.',
    answers: { 200: { description: 'How many there were.', json: { schema: Revoked, example: { revoked: 3 } } } },
  },
  {
    route: 'DELETE /v1/links/:id',
    id: 'revokeLink',
    tag: 'sharing',
    summary: 'End a link for good',
    description: 'It stays in the list. It takes effect on every instance within seconds.',
    path: { id: { description: 'The id of the link.', example: '1ft9w4u6y8j2m' } },
    answers: { 204: { description: 'It is revoked.' } },
    refusals: ['not_found'],
  },
  {
    route: 'GET /badge/:name',
    id: 'badge',
    tag: 'sharing',
    summary: 'A picture of a live number',
    description: `${OPEN} May be kept for ten seconds.`,
    path: { name: { description: 'The name of the counter, and .svg.', example: 'page:%2Fhome.svg' } },
    query: BadgeQuery,
    answers: {
      200: {
        description: 'The picture.',
        text: {
          'image/svg+xml': badgeSvg({ label: 'visits', value: '15', style: 'flat', color: '0a7ea4' }),
        },
      },
    },
    refusals: ['not_found'],
  },
  {
    route: 'GET /embed/:name',
    id: 'embed',
    tag: 'sharing',
    summary: 'A small page of a live number, to be shown in a frame',
    description: `${OPEN} EMBED_ANCESTORS says whose pages may show it.`,
    path: { name: { description: 'The name of the counter.', example: 'page:%2Fhome' } },
    query: EmbedQuery,
    answers: {
      200: { description: 'The page.', text: { 'text/html': '<!doctype html>…' } },
    },
    refusals: ['not_found'],
  },
];
