/**
 * Files that are never ours, whatever they hold: settings of tools, manifests, tokenizers and the companions of a model
 * that say nothing about its size. Only the path is asked, so that the editor can do it before anything is loaded.
 */
export function isVetoed(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return vetoedNames.test(name) || vetoedFolders.test(path);
}

const vetoedNames = new RegExp(
  [
    'package(-lock)?\\.json',
    '[jt]sconfig.*\\.json',
    '\\.pre-commit-config\\.ya?ml',
    'mkdocs\\.ya?ml',
    '_toctree\\.ya?ml',
    'pyproject\\.toml',
    'Cargo\\.toml',
    '[._]?typos\\.toml',
    'Chart\\.ya?ml',
    'kustomization\\.ya?ml',
    'tokenizer(_config)?\\.json',
    '(generation|preprocessor|processor|scheduler|feature_extractor)_config\\.json',
    'special_tokens_map\\.json',
    'added_tokens\\.json',
    'vocab\\.json',
    'trainer_state\\.json',
    'dataset_infos?\\.json',
  ]
    .map((name) => `^${name}$`)
    .join('|'),
  'i',
);

const vetoedFolders =
  /(^|\/)(node_modules|\.git|\.github|\.vscode|\.devcontainer|\.venv|venv|site-packages|wandb|checkpoint-\d+)\//;
