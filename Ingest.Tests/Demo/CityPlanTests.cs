using System.Text;
using System.Text.Json;
using Ingest.Core.Contracts;
using Ingest.Core.Transfers;
using Ingest.Worker.Demo;

namespace Ingest.Tests.Demo;

public sealed class CityPlanTests
{
    private static readonly CityPlan s_plan = new(Seed: 7, Transfers: 12_000, RecordsPerTransfer: 5, Departments: 59);

    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);

    [Fact]
    public void A_seed_makes_the_same_transfers_and_the_same_truth_byte_for_byte()
    {
        using var one = new City(s_plan);
        using var two = new City(s_plan);
        using var other = new City(s_plan with { Seed = 8 });
        Assert.All(one.Transfers.Zip(two.Transfers), pair => Assert.True(pair.First.Topic == pair.Second.Topic && pair.First.Payload.AsSpan().SequenceEqual(pair.Second.Payload)));
        Assert.Equal(one.Rows, two.Rows);
        Assert.Equal(one.Truth.Refused, two.Truth.Refused);
        Assert.Empty(one.Rows.Intersect(other.Rows));
    }

    [Fact]
    public void Fifty_nine_departments_take_turns()
    {
        using var city = new City(s_plan);
        Assert.Equal(12_000, city.Truth.Transfers);
        Assert.Equal(59, city.Transfers.Take(59).Select(t => t.Department).Distinct().Count());
        Assert.All(city.Transfers, t => Assert.Equal(City.Catalog.Topics[t.Topic].Department, t.Department));
    }

    [Fact]
    public void The_announced_numbers_are_those_of_the_payloads()
    {
        using var city = new City(s_plan);
        var counted = city.Transfers.GroupBy(t => t.Department).ToDictionary(g => g.Key, g => g.Sum(t => (long)City.RecordsIn(City.Catalog.Topics[t.Topic], t.Payload)));
        Assert.Equal(counted.OrderBy(c => c.Key), city.Truth.Records.OrderBy(r => r.Key));

        // What is sent again is neither a row nor a refusal of its own, so rows and refusals come to fewer than the records.
        Assert.InRange(city.Rows.Count + city.Truth.Refused.Values.Sum(), 0.95 * counted.Values.Sum(), 0.995 * counted.Values.Sum());
    }

    [Fact]
    public void Everything_that_departments_do_happens_about_as_often_as_the_recipe_says()
    {
        using var city = new City(s_plan);
        var records = (double)city.Truth.Records.Values.Sum();
        var repeated = city.Rows.Count - city.Rows.Distinct().Count();
        Assert.InRange(repeated / records, 0.75 * Recipe.RepeatedRecords, 1.25 * Recipe.RepeatedRecords);
        Assert.InRange(12_000 - city.Transfers.DistinctBy(t => Convert.ToBase64String(t.Payload)).Count(), 0.5 * 12_000 * Recipe.ResentTransfers, 1.5 * 12_000 * Recipe.ResentTransfers);
        var reasons = city.Truth.Refused.GroupBy(r => r.Key.Reason).ToDictionary(g => g.Key, g => g.Sum(r => r.Value));
        ReasonCode[] expected =
        [
            ReasonCode.NotJson, ReasonCode.NotUtf8, ReasonCode.CsvMalformed, ReasonCode.UnknownDataset, ReasonCode.DepartmentMismatch,
            ReasonCode.MissingRequired, ReasonCode.TypeMismatch, ReasonCode.IdentityConflict,
        ];
        Assert.All(expected, reason => Assert.True(reasons.GetValueOrDefault(reason.Text()) > 0, reason.Text()));
        Assert.InRange(reasons[ReasonCode.TypeMismatch.Text()] / records, 0.5 * Recipe.WrongTypes, 1.5 * Recipe.WrongTypes);
        Assert.InRange(city.Rows.Count(r => r.Contains(SyntheticRecord.UnknownName, StringComparison.Ordinal)) / records, 0.5 * Recipe.UnknownFields, 1.5 * Recipe.UnknownFields);
    }

    [Fact]
    public void A_transfer_fits_the_format_of_its_topic_unless_it_is_one_of_the_broken()
    {
        using var city = new City(s_plan);
        var unreadable = city.Transfers.Count(t => City.Catalog.Topics[t.Topic].Format == TransferFormat.Json && !IsJson(t.Payload));
        var announced = city.Truth.Refused.Where(r => r.Key.Reason is "not-json" or "not-utf8").Where(r => IsJsonDepartment(r.Key.Department)).Sum(r => r.Value);
        Assert.Equal(announced, unreadable);
        Assert.InRange(unreadable, 1, (int)(2 * 12_000 * Recipe.BrokenTransfers));
    }

    [Fact]
    public void Plans_share_rows_only_when_one_is_the_beginning_of_the_other()
    {
        using var city = new City(s_plan);
        using var shorter = new City(s_plan with { Transfers = 500 });
        using var smaller = new City(s_plan with { Departments = 20, Transfers = 500 });
        using var larger = new City(s_plan with { RecordsPerTransfer = 6 });
        var rows = city.Rows.ToHashSet();
        Assert.Subset(rows, shorter.Rows.ToHashSet());
        Assert.Subset(rows, smaller.Rows.ToHashSet());
        Assert.Empty(larger.Rows.Intersect(rows));

        // An identity that two plans share would make a conflict of the second plan's record, which nobody announced.
        Assert.NotEmpty(Identities(city));
        Assert.Empty(Identities(larger).Intersect(Identities(city)));
    }

    /// <summary>Of the datasets in identity mode: dataset and first column, which is each example's identity.</summary>
    private static IEnumerable<string> Identities(City city)
    {
        var identified = City.Catalog.Datasets.Where(d => d.Dedup.Mode == DedupMode.Identity).ToArray();
        Assert.All(identified, d => Assert.Equal([0], d.Dedup.KeyColumns));
        return city.Rows.Where(r => identified.Any(d => r.StartsWith(d.Name + ": ", StringComparison.Ordinal))).Select(r => r[..r.IndexOf(',', StringComparison.Ordinal)]);
    }

    private static bool IsJsonDepartment(string department) => City.Catalog.Topics.Values.Any(t => t.Department == department && t.Format == TransferFormat.Json);

    private static bool IsJson(byte[] payload)
    {
        try
        {
            JsonDocument.Parse(s_strict.GetString(payload)).Dispose();
            return true;
        }
        catch (Exception e) when (e is JsonException or DecoderFallbackException)
        {
            return false;
        }
    }
}
