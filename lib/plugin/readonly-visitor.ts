import { posix, relative, sep } from 'node:path';
import ts from 'typescript';
import { classMetadata } from './class-metadata.js';
import { objectLiteralOf } from './literal.js';

/** The options that a generator of metadata gives. */
export interface ReadonlyVisitorOptions {
  /** The folder to which the paths of imports are relative. */
  readonly pathToSource: string;
}

const TYPESCRIPT = /\.([cm]?)tsx?$/;

type Entry = [imported: ts.CallExpression, classes: Record<string, ts.ObjectLiteralExpression>];

/**
 * Collects what {@link before} would write, for builds without the compiler of TypeScript: `PluginMetadataGenerator` of the Nest
 * CLI prints it to a file, and `loadPluginMetadata` reads that.
 */
export class ReadonlyVisitor {
  /** The name under which the metadata stand in the file. */
  key = 'nestjs-jstp/plugin';
  private readonly entries: Entry[] = [];

  constructor(private readonly options: ReadonlyVisitorOptions) {}

  /** There are none: the metadata are plain data. */
  get typeImports(): Record<string, string> {
    return {};
  }

  /** Looks at a file. */
  visit(program: ts.Program, file: ts.SourceFile): void {
    const checker = program.getTypeChecker();
    const classes: Record<string, ts.ObjectLiteralExpression> = {};
    const visit = (node: ts.Node): void => {
      // What is not exported cannot be imported by the file.
      if (ts.isClassDeclaration(node) && node.name && isExported(node)) {
        const metadata = classMetadata(node, checker);
        if (metadata) classes[node.name.text] = objectLiteralOf(metadata, ts.factory);
      }
    };
    ts.forEachChild(file, visit);
    if (Object.keys(classes).length === 0) return;
    const path = this.pathTo(file.fileName);
    const isWhole = needsExtensions(program.getCompilerOptions());
    this.entries.push([
      importOf(isWhole ? path.replace(TYPESCRIPT, '.$1js') : path.replace(TYPESCRIPT, '')),
      classes,
    ]);
  }

  /** What was found. */
  collect(): Record<string, Entry[]> {
    return { controllers: this.entries };
  }

  private pathTo(fileName: string): string {
    const path = relative(this.options.pathToSource, fileName).split(sep).join(posix.sep);
    return path.startsWith('.') ? path : `./${path}`;
  }
}

/** Whether imports name the files as they are: an `import()` of an application of CommonJS as well. */
function needsExtensions({ moduleResolution, module }: ts.CompilerOptions): boolean {
  const { Node16, NodeNext } = ts.ModuleResolutionKind;
  if (moduleResolution !== undefined) return moduleResolution === Node16 || moduleResolution === NodeNext;
  return module !== undefined && module >= ts.ModuleKind.Node16 && module <= ts.ModuleKind.NodeNext;
}

function isExported(node: ts.ClassDeclaration): boolean {
  return (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Export) !== 0;
}

function importOf(path: string): ts.CallExpression {
  const { factory } = ts;
  const keyword = factory.createToken(ts.SyntaxKind.ImportKeyword) as unknown as ts.Expression;
  return factory.createCallExpression(keyword, undefined, [factory.createStringLiteral(path)]);
}
