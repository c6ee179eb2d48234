/** How a document names a model: a path, or an id that may be a hub id or a folder. */
export function modelByName(name: string): { readonly path: string } | { readonly hub: string } {
  return looksLikePath(name) ? { path: name } : { hub: name };
}

/** A hub id is `name` or `owner/name`; everything else can only be a path. */
function looksLikePath(name: string): boolean {
  if (/^(?:[.~]{1,2}$|\.{1,2}[/\\]|~[/\\]|[/\\]|[A-Za-z]:[/\\])/.test(name)) return true;
  if (/\.(?:gguf|json|safetensors)$/i.test(name)) return true;
  return (name.match(/[/\\]/g) ?? []).length > 1 || name.endsWith('/');
}
