import type { BlueprintOutcome, ConfigProblem, Quantization } from '../blueprint';
import { blueprintFromConfig } from '../blueprintFromConfig';
import { problemSentence, refused } from '../buildBlueprint';
import { ConfigReader, isRecord } from '../configReader';
import { TYPE_NOT_SAID, type Description, type Fields } from './description';
import { withOriginalNames } from './originalNames';

/** What ModelArgs has for fields that a file leaves out (llama_models 0.3.0, llama3/args.py). */
const defaults: Fields = {
  dim: 4096,
  n_layers: 32,
  n_heads: 32,
  n_kv_heads: null,
  multiple_of: 256,
  ffn_dim_multiplier: null,
  max_seq_len: null,
};

/** Llama 1 and 2 leave the vocabulary to their tokenizer, whose 32,000 pieces are the same for both. */
const LLAMA2_VOCABULARY = 32_000;

export function sniffMetaParams(text: string, path: string): boolean {
  return (
    /\.json$/iu.test(path) &&
    /"dim"\s*:/u.test(text) &&
    /"n_layers"\s*:/u.test(text) &&
    /"n_heads"\s*:/u.test(text)
  );
}

/** `params.json` of Meta's own llama checkpoints. */
export const metaParams: Description = {
  kind: 'meta-params',
  title: 'Llama params.json',
  fileName: 'params.json',
  syntax: 'json',
  sniff: sniffMetaParams,
  recognises: (fields) =>
    ['dim', 'n_layers', 'n_heads', 'norm_eps'].every((key) => Object.hasOwn(fields, key)) &&
    // DistilBERT and others have `dim`; Mistral says the width of its MLP outright.
    !['model_type', 'architectures', 'hidden_dim'].some((key) => Object.hasOwn(fields, key)),
  read: readMetaParams,
  anchorKeys: ['dim'],
  contextKeys: ['max_seq_len'],
};

function readMetaParams(fields: Fields): BlueprintOutcome {
  const beyond = beyondLlama3(fields);
  if (beyond !== null) return refused(beyond);
  const problems: ConfigProblem[] = [];
  const params = new ConfigReader({ ...defaults, ...fields }, '', problems);
  const hidden = params.size('dim');
  const heads = params.heads('n_heads');
  const kvHeads = params.optionalHeads('n_kv_heads') ?? heads;
  params.mustDivide('n_kv_heads', kvHeads, heads, 'n_heads');
  params.mustDivide('n_heads', heads, hidden, 'dim');
  const config = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_size: hidden,
    num_hidden_layers: params.layers('n_layers'),
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    intermediate_size: feedForwardWidth(params, hidden),
    vocab_size: fields['vocab_size'] === -1 ? LLAMA2_VOCABULARY : vocabulary(params),
    max_position_embeddings: params.optionalSize('max_seq_len'),
    tie_word_embeddings: false,
    torch_dtype: 'bfloat16',
  };
  if (problems.length > 0) return refused(problemSentence(problems), problems);
  const outcome = blueprintFromConfig(config);
  if (!outcome.ok) return outcome;
  const blueprint = withOriginalNames(outcome.blueprint);
  return {
    ok: true,
    blueprint: {
      ...blueprint,
      dtypeOrigin: 'assumed',
      quantization: quantizationOf(fields),
      assumptions: [
        ...blueprint.assumptions,
        `params.json ${TYPE_NOT_SAID}`,
        ...(fields['vocab_size'] === -1 || fields['vocab_size'] === undefined
          ? [`params.json leaves the vocabulary to the tokenizer: read as ${LLAMA2_VOCABULARY} tokens`]
          : []),
      ],
    },
  };
}

function vocabulary(params: ConfigReader): number {
  return params.value('vocab_size') === undefined ? LLAMA2_VOCABULARY : params.size('vocab_size');
}

/** Two thirds of four times the width, times the multiplier, up to a multiple (FeedForward of llama3/model.py). */
function feedForwardWidth(params: ConfigReader, hidden: number): number {
  const multiple = params.size('multiple_of');
  const given = params.value('ffn_dim_multiplier');
  const multiplier = given === null ? null : params.real('ffn_dim_multiplier');
  if (multiplier !== null && (multiplier <= 0 || multiplier > 1000))
    params.problem('ffn_dim_multiplier', 'a number from 0 to 1000');
  const plain = Math.floor((2 * (4 * hidden)) / 3);
  const scaled = multiplier === null ? plain : Math.floor(multiplier * plain);
  return multiple * Math.max(1, Math.ceil(scaled / multiple));
}

/** Releases whose params.json describes more than the text model of Llama 1 to 3. */
function beyondLlama3(fields: Fields): string | null {
  if (Object.hasOwn(fields, 'moe_args'))
    return 'the params.json of Llama 4 does not say how its experts alternate: its config.json does';
  const crossLayers = fields['vision_num_cross_attention_layers'];
  if (Object.hasOwn(fields, 'vision_model') || (typeof crossLayers === 'number' && crossLayers > 0))
    return 'the params.json of a Llama that sees does not describe its vision tower: its config.json does';
  return null;
}

/** `quantization_args` of the quantised Llama 3.2 releases. */
function quantizationOf(fields: Fields): Quantization | null {
  const args = fields['quantization_args'];
  if (!isRecord(args) || typeof args['scheme'] !== 'string') return null;
  const groupSize = args['group_size'];
  return {
    method: args['scheme'],
    bits: args['scheme'].startsWith('int4') ? 4 : 8,
    groupSize: typeof groupSize === 'number' ? groupSize : null,
  };
}
