/** A file of the fake tree. Absent `read` or `write`: the mode bits forbid it, as sysfs does even to root. */
interface FileNode {
  readonly kind: 'file';
  readonly read?: (() => string) | undefined;
  readonly write?: ((text: string) => void) | undefined;
}

interface LinkNode {
  readonly kind: 'link';
  readonly target: string;
}

/** An error as Node makes it of an errno. */
export function errno(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

const MAX_LINKS = 40;

/** Files and symbolic links by absolute path; directories are there because something is in them. */
export class Tree {
  readonly #nodes = new Map<string, FileNode | LinkNode>();
  readonly #directories = new Map<string, Set<string>>([['/', new Set()]]);

  text(path: string, content: string): void {
    this.#add(path, { kind: 'file', read: () => `${content}\n` });
  }

  attribute(path: string, access: Omit<FileNode, 'kind'>): void {
    this.#add(path, { kind: 'file', ...access });
  }

  link(path: string, target: string): void {
    this.#add(path, { kind: 'link', target });
  }

  directory(path: string): void {
    if (this.#directories.has(path)) return;
    this.#directories.set(path, new Set());
    this.#enter(path);
  }

  read(path: string): string {
    const file = this.#file(path);
    if (file.read === undefined) throw errno('EACCES', path);
    return file.read();
  }

  write(path: string, text: string): void {
    const file = this.#file(path);
    if (file.write === undefined) throw errno('EACCES', path);
    file.write(text);
  }

  has(path: string): boolean {
    try {
      this.realpath(path);
      return true;
    } catch {
      return false;
    }
  }

  list(path: string): readonly string[] {
    const names = this.has(path) ? this.#directories.get(this.realpath(path)) : new Set<string>();
    if (names === undefined) throw errno('ENOTDIR', path);
    return [...names].sort();
  }

  /** Follows every link on the way, as the kernel does: element by element. */
  realpath(path: string, followed = 0): string {
    if (followed > MAX_LINKS) throw errno('ELOOP', path);
    let at = '';
    const elements = path.split('/').filter((element) => element !== '');
    for (const [index, element] of elements.entries()) {
      at = `${at}/${element}`;
      const node = this.#nodes.get(at);
      if (node?.kind !== 'link') continue;
      return this.realpath([node.target, ...elements.slice(index + 1)].join('/'), followed + 1);
    }
    const real = at === '' ? '/' : at;
    if (!this.#nodes.has(real) && !this.#directories.has(real)) throw errno('ENOENT', path);
    return real;
  }

  #file(path: string): FileNode {
    const node = this.#nodes.get(this.realpath(path));
    if (node?.kind !== 'file') throw errno('EISDIR', path);
    return node;
  }

  #add(path: string, node: FileNode | LinkNode): void {
    this.#nodes.set(path, node);
    this.#enter(path);
  }

  #enter(path: string): void {
    const cut = path.lastIndexOf('/');
    const parent = cut === 0 ? '/' : path.slice(0, cut);
    this.directory(parent);
    this.#directories.get(parent)?.add(path.slice(cut + 1));
  }
}
