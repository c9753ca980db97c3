using System.Globalization;
using Ingest.Core.Contracts;

namespace Ingest.Worker.Demo;

/// <summary>Makes up clean values: names, codes, amounts and times as a city's departments have them.</summary>
internal static class CleanValues
{
    private static readonly string[] s_people = ["王芳", "李伟", "张敏", "刘洋", "陈静", "杨帆", "赵磊", "黄丽", "周杰", "吴霞", "欧阳娜", "司马光"];
    private static readonly string[] s_firms = ["钱塘科技有限公司", "西湖食品厂", "九溪 茶业 合作社", "ABC 商贸", "滨江物流(杭州)", "临平纺织"];
    private static readonly string[] s_words = ["小型汽车", "居民区", "商业街", "甲类", "乙类", "河坊街", "断桥", "运河", "门诊一部", "水产"];

    public static string Of(ColumnPlan column, Random random, long serial, DateTime when) => column.Type switch
    {
        ColumnType.String => Text(column, random, serial),
        ColumnType.Int => random.Next(0, 300).ToString(CultureInfo.InvariantCulture),
        ColumnType.Long => (column.Required ? serial : random.NextInt64(0, 5_000_000)).ToString(CultureInfo.InvariantCulture),
        ColumnType.Double => (random.Next(1, 20_000) / 100.0).ToString("R", CultureInfo.InvariantCulture),
        ColumnType.Decimal => Decimal(column, random),
        ColumnType.Boolean => random.Next(2) == 0 ? "true" : "false",
        ColumnType.Date => when.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        ColumnType.Timestamp => when.AddMinutes(random.Next(24 * 60)).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
        _ => throw new InvalidOperationException($"No values of type {column.Type}."),
    };

    private static string Text(ColumnPlan column, Random random, long serial)
    {
        if (column.Required && (column.Name.EndsWith("_no", StringComparison.Ordinal) || column.Name.EndsWith("_id", StringComparison.Ordinal)))
        {
            var number = serial.ToString("D12", CultureInfo.InvariantCulture);
            return column.Rules.Contains(TextRule.Code) ? number : char.ToUpperInvariant(column.Name[0]) + number;
        }

        var text = column.Rules.Contains(TextRule.Code) ? random.Next(310_000, 340_000).ToString(CultureInfo.InvariantCulture)
            : column.Name.Contains("plate", StringComparison.Ordinal) ? string.Create(CultureInfo.InvariantCulture, $"浙A{random.Next(10_000, 99_999)}")
            : column.Protected || column.Name.Contains("name", StringComparison.Ordinal) ? s_people[random.Next(s_people.Length)]
            : column.Rules.Contains(TextRule.CollapseSpaces) ? s_firms[random.Next(s_firms.Length)]
            : column.Rules.Contains(TextRule.Upper) || column.Rules.Contains(TextRule.Lower) ? string.Create(CultureInfo.InvariantCulture, $"A{random.Next(100)}")
            : s_words[random.Next(s_words.Length)];
        return column.Rules.Contains(TextRule.Lower) ? text.ToLowerInvariant() : text;
    }

    private static string Decimal(ColumnPlan column, Random random)
    {
        var digits = Math.Min(column.Precision, 8);
        var unscaled = random.NextInt64(1, (long)Math.Pow(10, digits));
        return ((decimal)unscaled / (decimal)Math.Pow(10, column.Scale)).ToString(CultureInfo.InvariantCulture);
    }
}
