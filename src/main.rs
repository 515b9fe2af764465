use digitpad::{dataset::Dataset, training::{train, config::Preset, control::Control, TrainingEvent}};
fn main() {
    let data = Dataset::mnist().unwrap();
    let config = Preset::Keras.config();
    let trained = train(&config, &data, &candle_core::Device::Cpu, &Control::default(), &mut |event| {
        if !matches!(event, TrainingEvent::Batch(_)) { println!("{event:?}"); }
    }).unwrap().unwrap();
    println!("{:?}", trained.model.metadata);
    trained.model.save(std::path::Path::new("weights/digitpad.safetensors")).unwrap();
}
