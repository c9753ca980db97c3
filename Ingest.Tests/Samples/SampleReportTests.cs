using Ingest.Tests.Commands;

namespace Ingest.Tests.Samples;

/// <summary>What <c>validate</c> shows of a sample is what the worker would do with it.</summary>
public sealed class SampleReportTests : IDisposable
{
    private const string Contract = """
        dataset: people
        time_zone: UTC
        topics:
          - { topic: civil.people, department: civil }
        dedup: { mode: identity, identity: [id, card] }
        columns:
          - { name: id, type: string, required: true }
          - { name: card, type: int, required: true, protected: true }
          - { name: name, type: string }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("ingest-sample-").FullName;

    [Fact]
    public async Task A_known_identity_with_other_content_is_refused_and_an_equal_record_repeats()
    {
        var (exitCode, output) = await ValidateAsync("""[{"id":"1","card":7,"name":"a"},{"id":"1","card":7,"name":"b"},{"id":"1","card":7,"name":"a"},{"id":"2","card":7,"name":"b"}]""");
        Assert.Contains("3 rows (1 of them repeat an earlier one), 1 refused.", output, StringComparison.Ordinal);
        Assert.Contains("refused #1: identity-conflict. A record with the same identity but other content is already in the table", output, StringComparison.Ordinal);
        Assert.Contains("Found: another record has id \"1\", card *** (protected)", output, StringComparison.Ordinal);
        Assert.Equal(1, exitCode);
    }

    [Fact]
    public async Task Equal_records_alone_are_no_refusal()
    {
        var (exitCode, output) = await ValidateAsync("""[{"id":"1","card":7,"name":"a"},{"name":"a","id":"1","card":"7"}]""");
        Assert.Contains("2 rows (1 of them repeat an earlier one), 0 refused.", output, StringComparison.Ordinal);
        Assert.Equal(0, exitCode);
    }

    [Theory]
    [InlineData(0, "sample.csv as a transfer on health.cases", "sample.csv")]
    [InlineData(2, "sample.json: several contracts may read it. Say by --topic from which topic it comes: civil.people (people), police.cars (cars).", "sample.json")]
    [InlineData(0, "sample.json as a transfer on police.cars", "sample.json", "--topic", "police.cars")]
    [InlineData(2, "sample.txt: several contracts may read it.", "sample.txt")]
    public async Task Of_several_contracts_the_only_one_that_reads_files_like_the_sample_is_taken(int code, string said, params string[] arguments)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "contracts")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "a.yaml"), Contract);
        await File.WriteAllTextAsync(Path.Combine(folder, "b.yaml"), "dataset: cars\ntime_zone: UTC\ntopics: [{ topic: police.cars, department: police }]\ncolumns: [{ name: plate, type: string }]\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "c.yaml"), "dataset: cases\nformat: csv\ntime_zone: UTC\ntopics: [{ topic: health.cases, department: health }, { topic: health.more, department: health }]\ncolumns: [{ name: city, type: string }]\n");
        await File.WriteAllTextAsync(Path.Combine(_folder, "sample.json"), "[{}]");
        await File.WriteAllTextAsync(Path.Combine(_folder, "sample.csv"), "city\nA\n");
        await File.WriteAllTextAsync(Path.Combine(_folder, "sample.txt"), "city\nA\n");
        var (exitCode, output, errors) = await WorkerProgram.RunAsync(_folder, ["validate", "contracts", .. arguments]);
        Assert.Contains(said, output + errors, StringComparison.Ordinal);
        Assert.Equal(code, exitCode);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<(int ExitCode, string Output)> ValidateAsync(string sample)
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "people.yaml"), Contract);
        await File.WriteAllTextAsync(Path.Combine(_folder, "sample.json"), sample);
        var (exitCode, output, errors) = await WorkerProgram.RunAsync(_folder, "validate", "people.yaml", "sample.json");
        Assert.Empty(errors);
        return (exitCode, output);
    }
}
