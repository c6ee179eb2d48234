import type { Blueprint } from './blueprint';
import type { ConfigReader } from './configReader';
import type { ModelBuilder } from './parts/modelBuilder';

/** One class of the library: what `architectures[0]` names. */
export interface Architecture {
  /** Class name, e.g. `LlamaForCausalLM`. */
  readonly name: string;
  /** `model_type` whose config class it takes; its declared defaults fill in missing fields. */
  readonly modelType: string;
  readonly task: Blueprint['task'];
  /** Library that defines the class, with its version; transformers when absent. */
  readonly library?: string;
  /** Adds every tensor and layer of the class and sets `model.facts`. Problems go to the reader. */
  readonly build: (config: ConfigReader, model: ModelBuilder) => void;
}

/** A file under families/: its classes. The first one of each model type is what the model type alone stands for. */
export interface Family {
  readonly architectures: readonly Architecture[];
}
