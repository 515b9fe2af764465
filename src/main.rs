use digitpad::{
    dataset::Dataset,
    training::{TrainingEvent, config::Preset, control::Control, train},
};
fn main() {
    let data = Dataset::mnist().unwrap();
    let config = Preset::Keras.config();
    let trained = train(
        &config,
        &data,
        &candle_core::Device::Cpu,
        &Control::default(),
        &mut |event| {
            if let TrainingEvent::EpochFinished { record, .. } = event {
                println!("{record:?}");
            }
        },
    )
    .unwrap()
    .unwrap();
    println!("{:?}", trained.model.metadata);
    trained
        .model
        .save(std::path::Path::new("weights/digitpad.safetensors"))
        .unwrap();
}
