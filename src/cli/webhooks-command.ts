import type { Command } from 'commander';
import { HOUR_MS } from '../domain/time.js';
import { wholeNumber } from './arguments.js';
import { type ServiceOptions, type Session, withJson, withService } from './session.js';

interface Options extends ServiceOptions {
  readonly json?: boolean;
}

interface Webhook {
  readonly id: string;
  readonly label: string;
  readonly url: string;
  readonly disabledAt: string | null;
  readonly disabledWhy: string | null;
}

interface Delivery {
  readonly id: string;
  readonly type: string;
  readonly state: string;
  readonly createdAt: string;
  readonly nextAt: string | null;
  readonly attempts: number;
  readonly lastStatus: number | null;
  readonly lastFault: string | null;
}

const pathOf = (id: string): string => `/v1/webhooks/${encodeURIComponent(id)}`;

/** `webhooks`: where watches tell what they see. */
export function addWebhooks(program: Command, session: Session): void {
  const webhooks = program.command('webhooks').description('where watches tell what they see');

  withJson(withService(webhooks.command('create <url>')))
    .description('make a webhook, and print its secret: it can be seen only now')
    .option('--label <text>', 'for people', '')
    .action(async (url: string, options: Options & { readonly label: string }) => {
      const calls = await session.calls(options);
      const body = { url, label: options.label };
      tellSecret(session, await calls.expect('POST', '/v1/webhooks', { body }), options);
    });

  withJson(withService(webhooks.command('list')))
    .description('every webhook, without the secrets')
    .action((options: Options) => list(session, options));

  withJson(withService(webhooks.command('test <id>')))
    .description('send a message that says it is a test; "deliveries" tells what became of it')
    .action((id: string, options: Options) => send(session, `${pathOf(id)}/test`, options));

  withJson(withService(webhooks.command('deliveries <id>')))
    .description('what was sent, latest first')
    .action((id: string, options: Options) => deliveries(session, id, options));

  withJson(withService(webhooks.command('send <id> <delivery>')))
    .description('send a message once more, under its own id')
    .action((id: string, delivery: string, options: Options) =>
      send(session, `${pathOf(id)}/deliveries/${encodeURIComponent(delivery)}/send`, options),
    );

  withJson(withService(webhooks.command('rotate <id>')))
    .description('give a webhook a new secret, and print it; messages are signed with both for a while')
    .option('--overlap-hours <n>', 'for so long (default: 24)', wholeNumber)
    .action(async (id: string, options: Options & { readonly overlapHours?: number }) => {
      const { overlapHours } = options;
      const body = overlapHours === undefined ? {} : { overlapMs: overlapHours * HOUR_MS };
      const calls = await session.calls(options);
      tellSecret(session, await calls.expect('POST', `${pathOf(id)}/rotate`, { body }), options);
    });

  for (const [verb, disabled] of [
    ['enable', false],
    ['disable', true],
  ] as const) {
    withJson(withService(webhooks.command(`${verb} <id>`)))
      .description(disabled ? 'send it nothing' : 'send it messages again')
      .action(async (id: string, options: Options) => {
        const webhook = await (await session.calls(options)).expect('PATCH', pathOf(id), { body: { disabled } });
        if (options.json === true) session.terminal.printJson(webhook);
        else session.terminal.note(`the webhook ${id} is ${verb}d`);
      });
  }

  withJson(withService(webhooks.command('delete <id>')))
    .description('remove a webhook, and what waits for it')
    .action(async (id: string, options: Options) => {
      await (await session.calls(options)).expect('DELETE', pathOf(id));
      if (options.json === true) session.terminal.printJson({ deleted: id });
      else session.terminal.note(`the webhook ${id} is gone`);
    });
}

function tellSecret(
  { terminal }: Session,
  made: { readonly id: string; readonly secret: string },
  { json }: Options,
): void {
  if (json === true) {
    terminal.printJson(made);
    return;
  }
  terminal.print(made.secret);
  terminal.note(`the webhook ${made.id}; this is the only time that its secret is shown`);
}

async function list(session: Session, options: Options): Promise<void> {
  const { data } = await (
    await session.calls(options)
  ).expect<{ readonly data: readonly Webhook[] }>('GET', '/v1/webhooks');
  if (options.json === true) session.terminal.printJson(data);
  else {
    session.terminal.printTable(
      ['id', 'label', 'url', 'state'],
      data.map(({ id, label, url, disabledAt, disabledWhy }) => [
        id,
        label,
        url,
        disabledAt === null ? 'good' : `disabled ${disabledAt}: ${disabledWhy ?? ''}`,
      ]),
    );
  }
}

async function deliveries(session: Session, id: string, options: Options): Promise<void> {
  const { data } = await (
    await session.calls(options)
  ).expect<{ readonly data: readonly Delivery[] }>('GET', `${pathOf(id)}/deliveries`);
  if (options.json === true) session.terminal.printJson(data);
  else {
    session.terminal.printTable(
      ['id', 'type', 'made', 'state', 'tries', 'answer', 'next'],
      data.map(({ id: own, type, createdAt, state, attempts, lastStatus, lastFault, nextAt }) => [
        own,
        type,
        createdAt,
        state,
        attempts,
        lastFault ?? lastStatus,
        nextAt ?? '',
      ]),
    );
  }
}

async function send(session: Session, path: string, options: Options): Promise<void> {
  const delivery = await (await session.calls(options)).expect<Delivery>('POST', path);
  if (options.json === true) session.terminal.printJson(delivery);
  else session.terminal.note(`the message ${delivery.id} is on its way`);
}
