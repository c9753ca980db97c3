using Ingest.Core.Contracts;
using Ingest.Core.Transfers;
using Ingest.Tests.Contracts;

namespace Ingest.Tests.Decoding;

/// <summary>What a refusal says of what was found: enough to mend it without opening the transfer.</summary>
public sealed class RefusalDetailTests
{
    private static readonly TopicPlan s_claimed = Topic("claim: { field: /deptCode, equals: GA01 }", "name: a, type: string");

    [Theory]
    [InlineData("""{"a":"1","deptCode":"GA02"}""", "deptCode: expected \"GA01\" on a topic of police, found \"GA02\"")]
    [InlineData("""{"a":"1","deptCode":17}""", "deptCode: expected \"GA01\" on a topic of police, found 17")]
    [InlineData("""{"a":"1","deptCode":null}""", "deptCode: expected \"GA01\" on a topic of police, found null")]
    [InlineData("""{"a":"1"}""", "deptCode: expected \"GA01\" on a topic of police, found nothing")]
    public void A_wrong_claim_is_told_with_what_the_topic_is_bound_to(string record, string detail) =>
        Assert.Equal((ReasonCode.DepartmentMismatch, detail), Refused(s_claimed, record));

    [Fact]
    public void A_claim_in_a_row_of_csv_is_told_as_well() =>
        Assert.Equal((ReasonCode.DepartmentMismatch, "deptCode: expected \"GA01\" on a topic of police, found \"GA02\""), Refused(s_claimed with { Format = TransferFormat.Csv }, "a,deptCode\n1,GA02\n"));

    [Fact]
    public void A_claim_that_is_also_a_protected_column_is_not_shown()
    {
        var topic = Topic("claim: { field: deptCode, equals: GA01 }", "name: code, source: deptCode, type: string, protected: true", "name: a, type: string");
        Assert.Equal((ReasonCode.DepartmentMismatch, "deptCode: expected \"GA01\" on a topic of police, found *** (protected)"), Refused(topic, """{"a":"1","deptCode":"GA02"}"""));
    }

    [Fact]
    public void A_long_claim_is_cut() =>
        Assert.Equal($"deptCode: expected \"GA01\" on a topic of police, found \"{new string('x', 64)}…\"", Refused(s_claimed, $$"""{"deptCode":"{{new string('x', 1000)}}"}""").Detail);

    [Fact]
    public void A_dataset_that_no_contract_selects_is_told()
    {
        var topic = Yaml.Topic(Yaml.Cars("select: { field: type, equals: car }", "name: a, type: string"), Yaml.Cars("select: { field: type, equals: truck }", "name: a, type: string").Replace("dataset: cars", "dataset: trucks", StringComparison.Ordinal));
        Assert.Equal((ReasonCode.UnknownDataset, "type: expected one of \"car\", \"truck\", found \"bus\""), Refused(topic, """{"a":"1","type":"bus"}"""));
    }

    [Theory]
    [InlineData("""{"a":"x\ud800"}""", """an escape \ud800 in field a is half of a surrogate pair""")]
    [InlineData("""{"a":"\ud83d\ude00 \uDC00"}""", """an escape \uDC00 in field a is half of a surrogate pair""")]
    [InlineData("""{"a":"1","b":{"c":[{"d":"1"},{"e":["\ud800"]}]}}""", """an escape \ud800 in field /b/c/e is half of a surrogate pair""")]
    [InlineData("""{"a":"1","\ud800":1}""", """an escape \ud800 in the name of a field is half of a surrogate pair""")]
    [InlineData("""{"secret":"\ud800"}""", "an escape in field secret is half of a surrogate pair")]
    [InlineData("""{"in":{"secret":{"a":"\ud800"}}}""", "an escape in field /in/secret/a is half of a surrogate pair")]
    public void Half_of_a_surrogate_pair_is_told_with_its_field(string record, string detail)
    {
        var topic = Topic("", "name: a, type: string", "name: secret, type: string, protected: true", "name: other, type: string, source: /in/secret, protected: true, on_mismatch: rescue");
        using var chunk = Ingest.Worker.Samples.SampleReader.Read(topic, System.Text.Encoding.UTF8.GetBytes(record));
        var refused = Assert.Single(chunk.Rejections);
        Assert.Equal((ReasonCode.NotUtf8, detail), (refused.Reason, refused.Detail));
    }

    [Fact]
    public void Half_of_a_surrogate_pair_in_the_field_that_tells_datasets_apart_refuses_its_record_alone()
    {
        var topic = Yaml.Topic(Yaml.Cars("select: { field: type, equals: car }", "name: a, type: string"));
        var found = Decoded.Of(topic, """[{"a":"1","type":"\ud800"},{"a":"2","type":"car"}]""");
        Assert.Single(found.Records);
        var refused = Assert.Single(found.Rejections);
        Assert.Equal((0, ReasonCode.NotUtf8, """an escape \ud800 in field type is half of a surrogate pair"""), (refused.Position, refused.Reason, refused.Detail));
    }

    private static TopicPlan Topic(string claim, params string[] columns)
    {
        var contract = Yaml.Cars("", columns);
        return Yaml.Topic(claim.Length == 0 ? contract : contract.Replace("department: police\n", $"department: police\n    {claim}\n", StringComparison.Ordinal));
    }

    private static (ReasonCode Reason, string? Detail) Refused(TopicPlan topic, string transfer)
    {
        var refused = Assert.Single(Decoded.Of(topic, transfer).Rejections);
        return (refused.Reason, refused.Detail);
    }
}
