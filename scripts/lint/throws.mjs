/**
 * A rule of lint: what a doc comment says is thrown can be. An error counts where one is made: in the function, or in
 * whatever of this repository it calls or hands on. What an interface says of its methods is believed.
 */
import ts from 'typescript';

/** Names classes; other words after the tag are prose. */
const CLAIMS = /^\{?([A-Z]\w*(?:, [A-Z]\w*)*)/;

/** What the platform throws is not seen. */
const PLATFORM = new Set(['Error', 'TypeError', 'RangeError', 'SyntaxError']);

/** What code does by itself. Programs come and go while lint runs; what did not change in them is the same node. */
const known = new WeakMap();

const isCode = (node) => ts.isFunctionLike(node) && node.body !== undefined;

const claimsOf = (node) =>
  ts
    .getJSDocTags(node)
    .filter((tag) => tag.tagName.text === 'throws')
    .flatMap((tag) => CLAIMS.exec(ts.getTextOfJSDocComment(tag.comment) ?? '')?.[1]?.split(', ') ?? [])
    .filter((claim) => !PLATFORM.has(claim));

/** The names of a class and of those that it extends. */
function namesOf(type) {
  const names = [];
  for (let each = type; each !== undefined; each = each.getBaseTypes?.()?.[0]) names.push(each.symbol?.name ?? '');
  return names;
}

/** The code that a symbol stands for: a function, how a class is made, what a constant is filled with. */
function codeOf(symbol) {
  return (symbol.declarations ?? []).flatMap((declaration) => {
    if (declaration.getSourceFile().isDeclarationFile) return [];
    if (ts.isClassDeclaration(declaration)) return declaration.members.filter(ts.isConstructorDeclaration);
    if (ts.isFunctionLike(declaration) || ts.isPropertySignature(declaration)) return [declaration];
    return declaration.initializer === undefined ? [] : [declaration.initializer];
  });
}

/** The errors that some code makes or hands on, and the code that it names. */
function lookAt(code, checker) {
  const errors = new Set();
  const named = new Set();
  const visit = (node) => {
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) {
      const found = checker.getSymbolAtLocation(node);
      const symbol =
        found !== undefined && found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found;
      const isAskedFor = node.parent.operatorToken?.kind === ts.SyntaxKind.InstanceOfKeyword;
      if (symbol !== undefined && !isAskedFor) {
        for (const each of codeOf(symbol)) named.add(each);
        if (symbol.flags & ts.SymbolFlags.Class) {
          const names = namesOf(checker.getDeclaredTypeOfSymbol(symbol));
          if (names.includes('Error')) for (const name of names) errors.add(name);
        }
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(code);
  const isSignature = ts.isPropertySignature(code) || (ts.isFunctionLike(code) && code.body === undefined);
  if (isSignature) for (const claim of claimsOf(code)) errors.add(claim);
  return { errors, named };
}

function canThrow(from, claim, checker) {
  const met = new Set([from]);
  for (const code of met) {
    if (!known.has(code)) known.set(code, lookAt(code, checker));
    const { errors, named } = known.get(code);
    if (errors.has(claim)) return true;
    for (const each of named) met.add(each);
  }
  return false;
}

export const throws = {
  meta: { type: 'problem', schema: [], messages: { untrue: 'Nothing that is called here makes {{claim}}.' } },
  create(context) {
    const { program, esTreeNodeToTSNodeMap } = context.sourceCode.parserServices;
    const checker = program.getTypeChecker();
    const check = (node) => {
      const code = esTreeNodeToTSNodeMap.get(node);
      if (!isCode(code)) return;
      for (const claim of claimsOf(code)) {
        if (!canThrow(code, claim, checker)) context.report({ node, messageId: 'untrue', data: { claim } });
      }
    };
    return {
      FunctionDeclaration: check,
      MethodDefinition: check,
      ArrowFunctionExpression: check,
    };
  },
};
