import { float16, float32, type KnownRow, row } from './knownModelRow';

/** BERT's class without a head, as embedding models publish it. */
const embedder = (id: string, layers: number, hidden: number, heads: number): KnownRow =>
  row(id, [], {
    model_type: 'bert',
    architectures: ['BertModel'],
    vocab_size: 30522,
    num_hidden_layers: layers,
    hidden_size: hidden,
    num_attention_heads: heads,
    intermediate_size: 4 * hidden,
    max_position_embeddings: 512,
    ...float32,
  });

const xlmRobertaEmbedder = (id: string, layers: number, hidden: number, positions: number): KnownRow =>
  row(id, [], {
    model_type: 'xlm-roberta',
    architectures: ['XLMRobertaModel'],
    vocab_size: 250002,
    num_hidden_layers: layers,
    hidden_size: hidden,
    num_attention_heads: hidden / 64,
    intermediate_size: 4 * hidden,
    max_position_embeddings: positions,
    type_vocab_size: 1,
    ...float32,
  });

const t5 = (id: string, layers: number, width: number, heads: number, inner: number): KnownRow =>
  row(id, [`google-t5/${id}`], {
    model_type: 't5',
    architectures: ['T5ForConditionalGeneration'],
    vocab_size: 32128,
    num_layers: layers,
    d_model: width,
    num_heads: heads,
    d_kv: 64,
    d_ff: inner,
    feed_forward_proj: 'relu',
    ...float32,
  });

/** T5 1.1 and FLAN-T5: gated, with an output layer of its own in the checkpoint. */
const flanT5 = (size: string, layers: number, width: number, heads: number, inner: number): KnownRow =>
  row(`google/flan-t5-${size}`, [`google/t5-v1_1-${size}`], {
    model_type: 't5',
    architectures: ['T5ForConditionalGeneration'],
    vocab_size: 32128,
    num_layers: layers,
    d_model: width,
    num_heads: heads,
    d_kv: 64,
    d_ff: inner,
    feed_forward_proj: 'gated-gelu',
    tie_word_embeddings: false,
    ...float32,
  });

const whisper = (size: string, layers: number, width: number, more: Record<string, unknown> = {}): KnownRow =>
  row(`openai/whisper-${size}`, [], {
    model_type: 'whisper',
    architectures: ['WhisperForConditionalGeneration'],
    vocab_size: 51865,
    num_mel_bins: 80,
    d_model: width,
    encoder_layers: layers,
    decoder_layers: layers,
    encoder_attention_heads: width / 64,
    decoder_attention_heads: width / 64,
    encoder_ffn_dim: 4 * width,
    decoder_ffn_dim: 4 * width,
    ...float32,
    ...more,
  });

const bart = (id: string, layers: number, width: number, heads: number): KnownRow =>
  row(`facebook/${id}`, [], {
    model_type: 'bart',
    architectures: ['BartModel'],
    vocab_size: 50265,
    d_model: width,
    encoder_layers: layers,
    decoder_layers: layers,
    encoder_attention_heads: heads,
    decoder_attention_heads: heads,
    encoder_ffn_dim: 4 * width,
    decoder_ffn_dim: 4 * width,
    max_position_embeddings: 1024,
    ...float32,
  });

const vit = (id: string, layers: number, hidden: number, heads: number): KnownRow =>
  row(id, [], {
    model_type: 'vit',
    architectures: ['ViTForImageClassification'],
    num_hidden_layers: layers,
    hidden_size: hidden,
    num_attention_heads: heads,
    intermediate_size: 4 * hidden,
    image_size: 224,
    patch_size: 16,
    num_labels: 1000,
    ...float32,
  });

const modernBert = (size: string, layers: number, hidden: number, intermediate: number): KnownRow =>
  row(`answerdotai/ModernBERT-${size}`, [], {
    model_type: 'modernbert',
    architectures: ['ModernBertForMaskedLM'],
    vocab_size: 50368,
    num_hidden_layers: layers,
    hidden_size: hidden,
    num_attention_heads: hidden / 64,
    intermediate_size: intermediate,
    max_position_embeddings: 8192,
    ...float32,
  });

/** Encoders, encoder-decoders, vision and speech: the numbers that publishers state in their configs and papers. */
export const knownEncoders: readonly KnownRow[] = [
  embedder('sentence-transformers/all-MiniLM-L6-v2', 6, 384, 12),
  embedder('sentence-transformers/all-MiniLM-L12-v2', 12, 384, 12),
  embedder('BAAI/bge-small-en-v1.5', 12, 384, 12),
  embedder('BAAI/bge-base-en-v1.5', 12, 768, 12),
  embedder('BAAI/bge-large-en-v1.5', 24, 1024, 16),
  embedder('intfloat/e5-base-v2', 12, 768, 12),
  embedder('intfloat/e5-large-v2', 24, 1024, 16),
  xlmRobertaEmbedder('BAAI/bge-m3', 24, 1024, 8194),
  xlmRobertaEmbedder('intfloat/multilingual-e5-base', 12, 768, 514),
  xlmRobertaEmbedder('intfloat/multilingual-e5-large', 24, 1024, 514),
  modernBert('base', 22, 768, 1152),
  modernBert('large', 28, 1024, 2624),
  t5('t5-small', 6, 512, 8, 2048),
  t5('t5-base', 12, 768, 12, 3072),
  t5('t5-large', 24, 1024, 16, 4096),
  t5('t5-3b', 24, 1024, 32, 16384),
  flanT5('small', 8, 512, 6, 1024),
  flanT5('base', 12, 768, 12, 2048),
  flanT5('large', 24, 1024, 16, 2816),
  flanT5('xl', 24, 2048, 32, 5120),
  flanT5('xxl', 24, 4096, 64, 10240),
  bart('bart-base', 6, 768, 12),
  bart('bart-large', 12, 1024, 16),
  whisper('tiny', 4, 384),
  whisper('base', 6, 512),
  whisper('small', 12, 768),
  whisper('medium', 24, 1024),
  whisper('large-v2', 32, 1280),
  whisper('large-v3', 32, 1280, { vocab_size: 51866, num_mel_bins: 128, ...float16 }),
  whisper('large-v3-turbo', 32, 1280, {
    vocab_size: 51866,
    num_mel_bins: 128,
    decoder_layers: 4,
    ...float16,
  }),
  vit('google/vit-base-patch16-224', 12, 768, 12),
  vit('google/vit-large-patch16-224', 24, 1024, 16),
];
