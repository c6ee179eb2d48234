import { multimodalFamily } from '../parts/multimodal';
import { languageModel } from './languageModels';
import { whisperEncoder } from './whisper';

/** Qwen 2 Audio: Whisper's encoder, one matrix, Qwen 2. Source: transformers models/qwen2_audio. */
export const qwen2Audio = multimodalFamily({
  modelType: 'qwen2_audio',
  className: 'Qwen2Audio',
  // The class never ties its output layer.
  tied: () => false,
  inner(config, model) {
    const audio = config.section('audio_config');
    const width = model.component('audio', () =>
      model.scope('audio_tower', () => whisperEncoder(audio, model)),
    );
    const text = config.section('text_config');
    model.component('projector', () =>
      model.linear('multi_modal_projector.linear', width, text.size('hidden_size'), 'projector', true),
    );
    return model.scope('language_model', () => languageModel(text, model));
  },
});
